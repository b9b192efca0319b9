/* The ring: batches are counted as they are handed over and as they are given back; the difference are those on their way.
 *
 * The lock is a POSIX one, which thread checkers know; it is taken a few times for 16,384 changes.
 */
#include "config.h"
#include "trace/batches.h"

#include <pthread.h>

enum { N_BATCHES = 8 };

struct HdBatches {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  guint64 handed_over, given_back;
  gboolean closed;
  HdBatch batch[N_BATCHES];
};

HdBatches *
_hd_batches_new (void)
{
  HdBatches *self = g_new (HdBatches, 1);   /* batches are touched when they are filled */
  pthread_mutex_init (&self->lock, NULL);
  pthread_cond_init (&self->moved, NULL);
  self->handed_over = self->given_back = 0;
  self->closed = FALSE;
  return self;
}

void
_hd_batches_free (HdBatches *self)
{
  if (self == NULL)
    return;
  pthread_cond_destroy (&self->moved);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

HdBatch *
_hd_batches_open (HdBatches *self, gboolean wait)
{
  pthread_mutex_lock (&self->lock);
  while (wait && self->handed_over - self->given_back == N_BATCHES)
    pthread_cond_wait (&self->moved, &self->lock);
  HdBatch *batch = self->handed_over - self->given_back < N_BATCHES ? &self->batch[self->handed_over % N_BATCHES] : NULL;
  pthread_mutex_unlock (&self->lock);
  if (batch != NULL)
    batch->n = 0;
  return batch;
}

HdBatch *
_hd_batches_take (HdBatches *self, gboolean wait)
{
  pthread_mutex_lock (&self->lock);
  while (wait && self->handed_over == self->given_back && !self->closed)
    pthread_cond_wait (&self->moved, &self->lock);
  HdBatch *batch = self->handed_over > self->given_back ? &self->batch[self->given_back % N_BATCHES] : NULL;
  pthread_mutex_unlock (&self->lock);
  return batch;
}

/* Something has happened: the other side may go on. */
static void
count (HdBatches *self, guint64 *what)
{
  pthread_mutex_lock (&self->lock);
  (*what)++;
  pthread_cond_signal (&self->moved);
  pthread_mutex_unlock (&self->lock);
}

void
_hd_batches_hand_over (HdBatches *self)
{
  count (self, &self->handed_over);
}

void
_hd_batches_give_back (HdBatches *self)
{
  count (self, &self->given_back);
}

void
_hd_batches_close (HdBatches *self)
{
  pthread_mutex_lock (&self->lock);
  self->closed = TRUE;
  pthread_cond_signal (&self->moved);
  pthread_mutex_unlock (&self->lock);
}
