/* A platform while it is read: what the file says, by name, in the order of the file, each with the node that says it.
 *
 * Reading (parse.c, parse-core.c) fills drafts and adds faults; assembling (assemble.c, core.c, level.c) sorts them by name, resolves the names and
 * makes the immutable platform; checking (check.c) asks whether it makes sense as a whole. Strings belong to the XML document.
 */
#pragma once

#include "platform/private.h"
#include "xml/xml.h"

/* What a file may say at most: with these no product of two of them overflows. */
#define HD_PLATFORM_MAX_CLOCK_HZ (G_GUINT64_CONSTANT (1) << 40)
#define HD_PLATFORM_MAX_WIDTH (G_GUINT64_CONSTANT (1) << 32)    /* [bit/cycle] */
#define HD_PLATFORM_MAX_CYCLES (G_GUINT64_CONSTANT (1) << 20)   /* a latency, a slot [own cycle] */
#define HD_PLATFORM_MAX_BITS (G_GUINT64_CONSTANT (1) << 60)     /* a capacity [bit] */
#define HD_PLATFORM_MAX_ARRAY (G_GUINT64_CONSTANT (1) << 40)    /* units of an array */
#define HD_PLATFORM_MAX_NODES 200000u                           /* elements and attributes of a file */
#define HD_PLATFORM_MAX_PJ 1e9                                  /* an energy [pJ], [pJ/bit] */
#define HD_PLATFORM_MAX_WATT 1e6

/** What a port, a bus and a link have in common. */
typedef struct {
  HdXmlNode *node;
  guint64 width_bits, latency, slot_length;  /* [bit/cycle], [own cycle], [own cycle] */
  guint n_slots;
  HdArbiter arbiter;
} DraftChannel;

typedef struct {
  HdXmlNode *node;
  const char *id, *core;    /* core: NULL: shared */
  HdMemory memory;
  guint64 hz;               /* 0: the platform's */
  gboolean separate;        /* two ports */
  DraftChannel read, write; /* the same when not separate */
} DraftMemory;

/** A bus, or one direction of a link. */
typedef struct {
  HdXmlNode *node;
  char *id;                 /* owned: a full-duplex link makes two names of one */
  HdResourceKind kind;
  DraftChannel channel;
  guint64 hz;
  double energy_pj_per_bit, static_w;
  char **connects;          /* BUS */
  const char *from, *to;    /* LINK */
  gboolean both;            /* LINK: half duplex */
} DraftConnection;

typedef struct {
  HdXmlNode *node;
  const char *id, *core;
  gboolean loads, stores;
  char **memories;
  guint outstanding, priority;
  gint64 slot;              /* -1: by its place */
} DraftDma;

typedef struct {
  HdXmlNode *node;
  const char *from, *to;
  char **via;
} DraftRoute;

/** A movement whose port the file gives. */
typedef struct {
  HdXmlNode *node;
  guint operand;
  HdMovement movement;
  const char *port;
} DraftUse;

typedef struct {
  HdXmlNode *node;
  const char *id, *memory;  /* memory: NULL: inside the core */
  HdLevel level;            /* 0: not given */
  gboolean has_size, has_read_pj, has_write_pj;
  char **serves;            /* NULL: all */
  GArray *uses;             /* of DraftUse */
} DraftLevel;

typedef struct {
  HdXmlNode *node;
  const char *rank, *dimension;
  guint64 factor;           /* 0: the whole dimension */
} DraftUnroll;

typedef struct {
  HdXmlNode *node;
  const char *id;
  GArray *unrolls;
} DraftDataflow;

typedef struct {
  HdXmlNode *node;
  const char *id;
  HdCore core;              /* numbers only; its pointers are filled when it is assembled */
  guint64 hz;
  const char *operand_memory[HD_N_OPERANDS];
  const char *dimension_name[HD_ARRAY_DIMS_MAX];
  GArray *levels, *dataflows, *fixed;   /* of DraftLevel, DraftDataflow, HdFixedCost */
} DraftCore;

typedef struct {
  HdXmlDocument *xml;
  HdXmlNode *root;
  const char *name;
  guint64 hz, burst_bits, window;
  GArray *memories, *connections, *dmas, *routes, *cores;
} HdDraft;

HdDraft *_hd_draft_new (HdXmlDocument *xml);
void _hd_draft_free (HdDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HdDraft, _hd_draft_free)

/* --- reading -------------------------------------------------------------------------------- */
void _hd_draft_parse (HdDraft *self);
void _hd_draft_parse_core (HdDraft *self, HdXmlNode *node);
/** A quantity that must be from @least to @most; @fallback, which may lie outside, when it is missing. */
guint64 _hd_draft_bounded (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback, guint64 least, guint64 most);
/** A quantity that must be from 1 to @most (0 is a fault); @fallback, which may be 0, when it is missing. */
guint64 _hd_draft_positive (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit, gboolean required, guint64 fallback, guint64 most);
/** An energy or a power up to the unit's limit; 0 when it is missing. */
double _hd_draft_real (HdDraft *self, HdXmlNode *node, const char *name, HdUnit unit);
guint64 _hd_draft_clock (HdDraft *self, HdXmlNode *node);
/** A fault for every element inside @node. */
void _hd_draft_no_children (HdDraft *self, HdXmlNode *node);

/* --- assembling ----------------------------------------------------------------------------- */
/** Makes the platform; faults are added to the document's. Never NULL: what could not be resolved is HD_NONE. */
HdPlatform *_hd_draft_assemble (HdDraft *self);
void _hd_draft_assemble_cores (HdDraft *self, HdPlatform *platform);
/** @core has its dimensions and its period; @draft names its levels. */
void _hd_draft_assemble_levels (HdDraft *self, const HdPlatform *platform, const DraftCore *draft, HdCore *core);
/** The memory that @id names; HD_NONE and a fault with a suggestion when there is none. */
HdMemoryId _hd_draft_memory (HdDraft *self, const HdPlatform *platform, HdXmlNode *node, const char *attribute, const char *id);
HdCoreId _hd_draft_core (HdDraft *self, HdXmlNode *node, const char *attribute, const char *id);
/** So many faults that nobody will read another one. */
gboolean _hd_draft_is_full (const HdDraft *self);
void _hd_draft_unknown (HdDraft *self, HdXmlNode *node, const char *attribute, const char *id, const char *what, GPtrArray *candidates);

/* --- checking --------------------------------------------------------------------------------- */
/** What makes no sense although every name is known: what is connected to nothing, cores without data, ... */
void _hd_draft_check (HdDraft *self, const HdPlatform *platform);
