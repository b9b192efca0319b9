/* What the files of this room share: the lock around HDF5, the reason of its last failure, and ids that close themselves. */
#pragma once

#include "h5/h5.h"

#include <hdf5.h>

/** Takes the process's HDF5 lock for the scope; the library is initialised, and silent, from then on. */
#define HDF5_SCOPE() g_autoptr (GRecMutexLocker) hdf5_scope = _hd_h5_lock (); (void) hdf5_scope
GRecMutexLocker *_hd_h5_lock (void);
/** In a forked child, whose parent's thread held the lock: makes it free. */
void _hd_h5_forget_lock (void);

/** Returns (transfer full): why the last HDF5 call failed, in its own words; the error stack is emptied. */
char *_hd_h5_reason (void);

/** An id that is given back when it goes out of scope; its own close, where it matters, is checked by _hd_h5_close(). */
#define AUTO_ID __attribute__ ((cleanup (_hd_h5_auto_close))) hid_t
void _hd_h5_auto_close (hid_t *id);
/** Closes what @id stands for; FALSE when HDF5 could not (a close can write). */
gboolean _hd_h5_close (hid_t *id);

/** The type of the values in the file (little-endian), and in memory. Not to be closed. STRING has none. */
hid_t _hd_h5_file_type (HdH5Type type);
hid_t _hd_h5_memory_type (HdH5Type type);
/** A new variable-length UTF-8 string type; to be closed. */
hid_t _hd_h5_string_type (void);

/* --- the writer, as its files see it -------------------------------------------------------------- */

struct HdH5Writer {
  char *path;
  char *partial;
  int lock_fd;          /* keeps others from writing the same partial file */
  hid_t file;
  GError *poison;       /* the first failure */
  gboolean committed;
};

/** Notes that @object could not be written, poisons the writer, and sets @error. Always FALSE. */
gboolean _hd_h5_writer_fail (HdH5Writer *self, const char *object, GError **error);
/** FALSE, with the first error again, when the writer is poisoned. */
gboolean _hd_h5_writer_usable (HdH5Writer *self, GError **error);
/** A dataset creation list as all of ours: no times, attributes in the header, filters if @chunk_rows > 0. */
hid_t _hd_h5_dataset_list (guint64 chunk_rows);
/** The attributes that every dataset has. */
gboolean _hd_h5_describe (HdH5Writer *self, hid_t object, const HdH5Column *column, GError **error);
gboolean _hd_h5_attach_dimension (HdH5Writer *self, hid_t object, const char *path, const char *dimension, GError **error);
