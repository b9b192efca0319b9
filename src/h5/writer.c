/* A file that is whole or absent: created as PATH.partial under a lock, renamed when everything is on the disk. */
#include "config.h"
#include "h5/private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- failure --------------------------------------------------------------------------------------- */

static gboolean
poison (HdH5Writer *self, GError **error)
{
  g_propagate_error (error, g_error_copy (self->poison));
  return FALSE;
}

gboolean
_hd_h5_writer_fail (HdH5Writer *self, const char *object, GError **error)
{
  g_autofree char *reason = _hd_h5_reason ();
  if (self->poison == NULL)
    g_set_error (&self->poison, HD_ERROR, HD_ERROR_WRITE, "%s: cannot write %s (%s) - nothing of it is kept", self->path, object, reason);
  return poison (self, error);
}

gboolean
_hd_h5_writer_usable (HdH5Writer *self, GError **error)
{
  return self->poison == NULL || poison (self, error);
}

/* --- creation ---------------------------------------------------------------------------------------- */

static gboolean
set_create_error (GError **error, const char *path, const char *what, int number)
{
  g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: cannot create%s (%s)", path, what, g_strerror (number));
  return FALSE;
}

static gboolean
check_target (const char *path, GError **error)
{
  struct stat info;
  if (stat (path, &info) != 0 || S_ISREG (info.st_mode))
    return TRUE;
  if (S_ISDIR (info.st_mode))
    return set_create_error (error, path, "", EISDIR);
  g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: is not a regular file - a file of that name would be replaced", path);
  return FALSE;
}

/* Opens and locks the partial file. Whoever held it before may have renamed or removed it in between: then the lock is on another file's inode. */
static gboolean
lock_partial (HdH5Writer *self, GError **error)
{
  for (;;) {
    struct stat ours, there;
    int fd = open (self->partial, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
      return set_create_error (error, self->path, "", errno);
    if (flock (fd, LOCK_EX | LOCK_NB) != 0) {
      int number = errno;
      close (fd);
      if (number != EWOULDBLOCK)
        return set_create_error (error, self->path, ", since its partial file cannot be locked", number);
      g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: another run is writing %s - wait for it, or give another name", self->path, self->partial);
      return FALSE;
    }
    if (fstat (fd, &ours) == 0 && stat (self->partial, &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev) {
      self->lock_fd = fd;
      return TRUE;
    }
    close (fd);
  }
}

/* Format 1.8: metadata carries checksums, and a file whose writer was killed after a flush opens without repair. */
static hid_t
access_list (void)
{
  hid_t list = H5Pcreate (H5P_FILE_ACCESS);
  if (list < 0)
    return list;
  if (H5Pset_libver_bounds (list, H5F_LIBVER_V18, H5F_LIBVER_V110) < 0 || H5Pset_fclose_degree (list, H5F_CLOSE_STRONG) < 0
#if H5_VERSION_GE(1, 10, 7)
      || H5Pset_file_locking (list, 0, 1) < 0 /* lock_partial() has locked it */
#endif
  )
    _hd_h5_close (&list);
  return list;
}

/* For groups and for the root: netCDF-4 wants links to keep their order; no times, so that reruns give the same bytes. */
static gboolean
set_group_properties (hid_t list)
{
  return H5Pset_obj_track_times (list, 0) >= 0 && H5Pset_link_creation_order (list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0 &&
         H5Pset_link_phase_change (list, 64, 48) >= 0 && H5Pset_attr_phase_change (list, 64, 48) >= 0;
}

static gboolean
create_file (HdH5Writer *self)
{
  AUTO_ID access = access_list ();
  AUTO_ID creation = H5Pcreate (H5P_FILE_CREATE);
  if (access < 0 || creation < 0 || !set_group_properties (creation))
    return FALSE;
  self->file = H5Fcreate (self->partial, H5F_ACC_TRUNC, creation, access);
  return self->file >= 0;
}

HdH5Writer *
hd_h5_create (const char *path, GError **error)
{
  HDF5_SCOPE ();
  if (!check_target (path, error))
    return NULL;
  g_autoptr (HdH5Writer) self = g_new0 (HdH5Writer, 1);
  self->path = g_strdup (path);
  self->partial = g_strconcat (path, ".partial", NULL);
  self->lock_fd = -1;
  self->file = H5I_INVALID_HID;
  if (!lock_partial (self, error))
    return NULL;
  if (!create_file (self)) {
    g_autofree char *reason = _hd_h5_reason ();
    g_set_error (error, HD_ERROR, HD_ERROR_CREATE, "%s: cannot create (%s)", path, reason);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* --- end -------------------------------------------------------------------------------------------- */

static gboolean
fail_with_errno (HdH5Writer *self, HdErrorCode code, const char *what, GError **error)
{
  int number = errno;
  g_set_error (&self->poison, HD_ERROR, code, "%s: cannot %s (%s) - nothing of it is kept", self->path, what, g_strerror (number));
  return poison (self, error);
}

/* The new name must survive a power cut as the data do; where a directory cannot be synchronised, nothing is lost but that. */
static void
synchronise_directory (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void) !fsync (fd);
  close (fd);
}

gboolean
hd_h5_flush (HdH5Writer *self, GError **error)
{
  HDF5_SCOPE ();
  if (!_hd_h5_writer_usable (self, error))
    return FALSE;
  return H5Fflush (self->file, H5F_SCOPE_LOCAL) >= 0 || _hd_h5_writer_fail (self, "the file", error);
}

gboolean
hd_h5_commit (HdH5Writer *self, GError **error)
{
  HDF5_SCOPE ();
  if (!hd_h5_flush (self, error))
    return FALSE;
  hid_t file = self->file;
  self->file = H5I_INVALID_HID;
  if (H5Fclose (file) < 0)
    return _hd_h5_writer_fail (self, "the file's end", error);
  if (fsync (self->lock_fd) != 0)
    return fail_with_errno (self, HD_ERROR_WRITE, "write it to the disk", error);
  if (rename (self->partial, self->path) != 0)
    return fail_with_errno (self, HD_ERROR_CREATE, "give the file its name", error);
  self->committed = TRUE;
  synchronise_directory (self->path);
  return TRUE;
}

void
hd_h5_writer_free (HdH5Writer *self)
{
  if (self == NULL)
    return;
  HDF5_SCOPE ();
  if (self->file >= 0)
    H5Fclose (self->file);
  H5Eclear2 (H5E_DEFAULT);
  if (self->lock_fd >= 0) {
    if (!self->committed)
      unlink (self->partial); /* while the lock is held: it is ours */
    close (self->lock_fd);
  }
  g_clear_error (&self->poison);
  g_free (self->path);
  g_free (self->partial);
  g_free (self);
}

/* --- groups and attributes ---------------------------------------------------------------------------- */

/* H5Lexists() wants every group on the way to exist. */
gboolean
hd_h5_writer_has (HdH5Writer *self, const char *path)
{
  HDF5_SCOPE ();
  for (const char *end = strchr (path + 1, '/');; end = strchr (end + 1, '/')) {
    g_autofree char *prefix = end == NULL ? g_strdup (path) : g_strndup (path, end - path);
    if (H5Lexists (self->file, prefix, H5P_DEFAULT) <= 0)
      return FALSE;
    if (end == NULL)
      return TRUE;
  }
}

/* Intermediate groups made by HDF5 itself would not keep the order of their links, so each is made here. */
gboolean
hd_h5_write_group (HdH5Writer *self, const char *path, GError **error)
{
  HDF5_SCOPE ();
  if (!_hd_h5_writer_usable (self, error))
    return FALSE;
  AUTO_ID creation = H5Pcreate (H5P_GROUP_CREATE);
  if (creation < 0 || !set_group_properties (creation))
    return _hd_h5_writer_fail (self, path, error);
  for (const char *end = strchr (path + 1, '/');; end = strchr (end + 1, '/')) {
    g_autofree char *prefix = end == NULL ? g_strdup (path) : g_strndup (path, end - path);
    if (prefix[1] != '\0' && H5Lexists (self->file, prefix, H5P_DEFAULT) <= 0) {
      AUTO_ID group = H5Gcreate2 (self->file, prefix, H5P_DEFAULT, creation, H5P_DEFAULT);
      if (group < 0 || !_hd_h5_close (&group))
        return _hd_h5_writer_fail (self, prefix, error);
    }
    if (end == NULL)
      return TRUE;
  }
}

static gboolean
write_attribute (hid_t object, const char *name, hid_t file_type, hid_t memory_type, const void *value)
{
  AUTO_ID space = H5Screate (H5S_SCALAR);
  AUTO_ID attribute = space < 0 ? H5I_INVALID_HID : H5Acreate2 (object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
  return attribute >= 0 && H5Awrite (attribute, memory_type, value) >= 0 && _hd_h5_close (&attribute);
}

static gboolean
write_attribute_at (HdH5Writer *self, const char *object, const char *name, hid_t file_type, hid_t memory_type, const void *value, GError **error)
{
  HDF5_SCOPE ();
  if (!_hd_h5_writer_usable (self, error))
    return FALSE;
  AUTO_ID id = H5Oopen (self->file, object, H5P_DEFAULT);
  if (id < 0 || !write_attribute (id, name, file_type, memory_type, value) || !_hd_h5_close (&id))
    return _hd_h5_writer_fail (self, object, error);
  return TRUE;
}

static gboolean
write_string (hid_t object, const char *name, const char *value)
{
  AUTO_ID type = _hd_h5_string_type ();
  return type >= 0 && write_attribute (object, name, type, type, &value);
}

gboolean
hd_h5_write_string_attribute (HdH5Writer *self, const char *object, const char *name, const char *value, GError **error)
{
  HDF5_SCOPE ();
  AUTO_ID type = _hd_h5_string_type ();
  return write_attribute_at (self, object, name, type, type, &value, error);
}

gboolean
hd_h5_write_u64_attribute (HdH5Writer *self, const char *object, const char *name, guint64 value, GError **error)
{
  HDF5_SCOPE ();
  return write_attribute_at (self, object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value, error);
}

gboolean
hd_h5_write_f64_attribute (HdH5Writer *self, const char *object, const char *name, double value, GError **error)
{
  HDF5_SCOPE ();
  return write_attribute_at (self, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, error);
}

gboolean
_hd_h5_describe (HdH5Writer *self, hid_t object, const HdH5Column *column, GError **error)
{
  if (!write_string (object, "units", column->units) || !write_string (object, "long_name", column->long_name))
    return _hd_h5_writer_fail (self, column->path, error);
  return TRUE;
}

/* --- dimensions (the HDF5 dimension scales specification, as far as readers use it) ------------------------ */

/* The specification wants fixed-length strings here. */
static gboolean
write_fixed_string (hid_t object, const char *name, const char *value)
{
  AUTO_ID type = H5Tcopy (H5T_C_S1);
  return type >= 0 && H5Tset_size (type, strlen (value) + 1) >= 0 && write_attribute (object, name, type, type, value);
}

gboolean
hd_h5_write_dimension (HdH5Writer *self, const char *path, guint64 rows, GError **error)
{
  HDF5_SCOPE ();
  g_autofree char *folder = g_path_get_dirname (path);
  if (!hd_h5_write_group (self, folder, error))
    return FALSE;
  /* A scale without values: nothing is allocated for it. The words are netCDF-4's own; it knows the dimension by them. */
  g_autofree char *name = g_strdup_printf ("This is a netCDF dimension but not a netCDF variable. %10" G_GUINT64_FORMAT, rows);
  hsize_t extent = rows;
  AUTO_ID space = H5Screate_simple (1, &extent, NULL);
  AUTO_ID creation = _hd_h5_dataset_list (0);
  AUTO_ID scale = space < 0 || creation < 0 ? H5I_INVALID_HID : H5Dcreate2 (self->file, path, H5T_IEEE_F32BE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (scale < 0 || !write_fixed_string (scale, "CLASS", "DIMENSION_SCALE") || !write_fixed_string (scale, "NAME", name) || !_hd_h5_close (&scale))
    return _hd_h5_writer_fail (self, path, error);
  return TRUE;
}

gboolean
_hd_h5_attach_dimension (HdH5Writer *self, hid_t object, const char *path, const char *dimension, GError **error)
{
  hobj_ref_t reference;
  hsize_t one = 1;
  if (dimension == NULL)
    return TRUE;
  hvl_t list = { 1, &reference };
  AUTO_ID type = H5Tvlen_create (H5T_STD_REF_OBJ);
  AUTO_ID space = H5Screate_simple (1, &one, NULL);
  if (type < 0 || space < 0 || H5Rcreate (&reference, self->file, dimension, H5R_OBJECT, -1) < 0)
    return _hd_h5_writer_fail (self, path, error);
  AUTO_ID attribute = H5Acreate2 (object, "DIMENSION_LIST", type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite (attribute, type, &list) < 0 || !_hd_h5_close (&attribute))
    return _hd_h5_writer_fail (self, path, error);
  return TRUE;
}
