/* Inside the platform room: what stands behind a HdPlatform besides what everybody sees. */
#pragma once

#include <heddle/platform.h>

/** A directed graph of resources in compressed rows: `to[begin[r] .. begin[r + 1]]` are the resources that a burst can go to from r, ascending. */
typedef struct {
  guint32 *begin;
  HdResourceId *to;
} HdAdjacency;

/** A route that the file gives: the buses and links between the two ports. */
typedef struct {
  HdMemoryId source, destination;
  guint n_via;
  HdResourceId *via;
} HdGivenRoute;

typedef struct {
  HdPlatform platform;      /* first: a HdPlatform is the address of one of these */
  gatomicrefcount references;
  HdAdjacency forward, backward;
  guint n_given;
  HdGivenRoute *given;      /* by (source, destination) */
  char *sha256;             /* once somebody has asked for it */
} HdPlatformPrivate;

static inline HdPlatformPrivate *_hd_platform_private (const HdPlatform *self) { return (HdPlatformPrivate *) self; }

/** One step of a topology: a burst can go from the first resource to the second. */
typedef struct {
  HdResourceId from, to;
} HdEdge;

/** Fills both directions from @edges; doubles are dropped. @edges is reordered. */
void _hd_platform_set_edges (HdPlatformPrivate *self, GArray *edges);
gboolean _hd_platform_has_edge (const HdPlatformPrivate *self, HdResourceId from, HdResourceId to);
/** By source, then destination. */
int _hd_compare_given_routes (const void *a, const void *b);
/** (nullable): the route that the file gives between the two. */
const HdGivenRoute *_hd_platform_given_route (const HdPlatformPrivate *self, HdMemoryId source, HdMemoryId destination);

/** The port that a movement uses when the file does not say; -1: there is none that could. */
gint8 _hd_level_default_port (const HdLevel *level, HdMovement move);

/** Words of the file, by enum value, NULL-ended. */
extern const char *const _hd_arbiter_words[], *const _hd_core_kind_words[], *const _hd_class_words[], *const _hd_operand_words[], *const _hd_move_words[];
