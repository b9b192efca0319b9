/* A run of the engine on an instance written as text (see reference/text.c): for tests that must know every number. */
#pragma once

#include "engine/reference/instances.h"

#include <criterion/criterion.h>
#include <heddle/engine.h>

typedef struct {
  HdPlatform platform;
  HdSchedule schedule;
  HdEngine *engine;
  HdResult result;
} EngineCase;

/* Without validation: for what no valid schedule can cause. */
static inline void
case_make_unchecked (EngineCase *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  Instance instance;
  guint line = 0;
  cr_assert (instance_parse (&instance, text, &line), "line %u of the instance", line);
  instance_build (&instance, &self->platform, &self->schedule);
  self->engine = hd_engine_new (&self->platform, &self->schedule, &error);
  cr_assert_not_null (self->engine, "%s", error != NULL ? error->message : "");
}

static inline void
case_make (EngineCase *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  case_make_unchecked (self, text);
  cr_assert (hd_schedule_validate (&self->schedule, &self->platform, &error), "%s", error != NULL ? error->message : "");
}

static inline void
case_run (EngineCase *self, HdSink *sink)
{
  g_autoptr (GError) error = NULL;
  cr_assert (hd_engine_run (self->engine, sink, &self->result, &error), "%s", error != NULL ? error->message : "");
}

static inline void
case_begin (EngineCase *self, const char *text)
{
  case_make (self, text);
  case_run (self, NULL);
}

static inline void
case_end (EngineCase *self)
{
  hd_engine_free (self->engine);
  instance_free_built (&self->platform, &self->schedule);
}
