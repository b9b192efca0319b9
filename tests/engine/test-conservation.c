/* What must hold in every trace, on the kept failures and on random instances. */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test (conservation, kept_failures_conserve)
{
  cr_assert_geq (sweep_corpus ("conservation", check_conservation), 1);
}

Test (conservation, random_traces_conserve, .timeout = 120)
{
  cr_assert (sweep_seeds ("conservation", instance_generate, check_conservation, 0, 4000, 1, FALSE));
}
