/* What the files of the schedule room share: the collector of faults, text for people, and the loaders' door into the builder. */
#pragma once

#include <heddle/schedule.h>

#include <glib.h>

G_BEGIN_DECLS

/* --- faults: all of them at once, up to 20 --------------------------------------------------- */

#define HD_FAULTS_MAX 20

/** What a fault is about. */
typedef enum { HD_ABOUT_ALL, HD_ABOUT_LAYER, HD_ABOUT_TENSOR, HD_ABOUT_QUEUE, HD_ABOUT_ROUTE, HD_ABOUT_COST, HD_ABOUT_TASK, HD_ABOUT_PIECE, HD_N_ABOUT } HdAbout;

/** Where a fault stands: in which dataset of an HDF5 file, and of which thing, which gives the line in an XML file. */
typedef struct {
  const char *dataset;
  HdAbout about;
  guint32 id;
} HdPlace;

typedef struct {
  const char *file;                  /* NULL: no file; else put before each fault */
  const guint *line[HD_N_ABOUT];     /* XML: line of each thing (of HD_ABOUT_ALL: one) */
  GString *text;                     /* one a line */
  guint64 n;                         /* found; the text holds the first HD_FAULTS_MAX */
} HdFaults;

void _hd_faults_init (HdFaults *self, const char *file);
void _hd_faults_add (HdFaults *self, HdPlace place, const char *format, ...) G_GNUC_PRINTF (3, 4);
/** Returns TRUE when nothing was added; else sets @error. Frees the collector's text in both cases. */
gboolean _hd_faults_finish (HdFaults *self, HdErrorCode code, GError **error);

/* --- limits ---------------------------------------------------------------------------------- */

/** No single quantity of a schedule, and no sum of all its durations, is larger: times then never overflow. */
#define HD_SCHEDULE_MAX_VALUE (G_GUINT64_CONSTANT (1) << 62)

/* --- structure ------------------------------------------------------------------------------- */

HdSchedule *_hd_schedule_new (void);
/** hd_schedule_validate() with the faults collected. */
void _hd_schedule_diagnose (const HdSchedule *self, const HdPlatform *platform, HdFaults *faults);
/** A fault when a task depends on itself through others (circle.c). What passes _hd_schedule_diagnose() only. */
void _hd_schedule_refuse_circles (const HdSchedule *self, HdFaults *faults);
gboolean _hd_route_equal (const HdRoute *a, const HdRoute *b);
guint32 _hd_route_hash (const HdRoute *route);
guint32 _hd_cost_hash (const HdTaskCost *cost);

/* --- a hash table of indices: equal things get the same index --------------------------------- */

typedef struct {
  guint32 *slot;        /* index + 1; 0: free */
  guint32 *hash;        /* of the thing in the slot */
  gsize room, n;        /* room: a power of two */
} HdIndexTable;

/** Is the thing with @index equal to @key? */
typedef gboolean (*HdIndexEqual) (gconstpointer things, guint32 index, gconstpointer key);

/** Returns the index of the thing that equals @key, or, after having added it, @next. */
guint32 _hd_index_table_add (HdIndexTable *self, guint32 hash, gconstpointer things, gconstpointer key, HdIndexEqual equal, guint32 next);
void _hd_index_table_clear (HdIndexTable *self);

/* --- the loaders' door into the builder -------------------------------------------------------- */

/** The task and piece of each call get the ids in @task_id and @piece_id, permutations of 0..n-1 (checked by the caller), in place of the order of calls.
 * What was said with uses, after, releases and creators is not renumbered: it stood in final ids already. */
void _hd_schedule_builder_renumber (HdScheduleBuilder *self, const guint32 *task_id, const guint32 *piece_id);
/** The queue's tasks in this order in place of ascending ids (transfer none; copied). */
void _hd_schedule_builder_queue_tasks (HdScheduleBuilder *self, HdQueueId queue, const HdTaskId *tasks, gsize n);
/** As hd_schedule_builder_finish(), without validation. */
HdSchedule *_hd_schedule_builder_assemble (HdScheduleBuilder *self, HdFaults *faults);
/** Whether a string can stand in an XML file and come back the same: UTF-8 without control characters other than line feed and tab. */
gboolean _hd_schedule_text_is_plain (const char *text);

G_END_DECLS
