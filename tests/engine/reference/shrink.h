/* Making a failing instance small. */
#pragma once

#include "instances.h"

typedef gboolean (*InstanceFails) (const Instance *instance, gpointer data);

/** Takes away tasks, pieces, dependencies, resources, and makes numbers smaller, as long as @fails stays true; until nothing more can go. */
void shrink_instance (Instance *self, InstanceFails fails, gpointer data);
