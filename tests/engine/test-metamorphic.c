/* Pairs of runs that must correspond, on the kept failures and on random instances; and runs that have a closed form. */
#include "config.h"
#include "engine/reference/checks.h"
#include "engine/reference/sweep.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { N_SEEDS = 1500 };

static void
sweep (const char *name, InstanceCheck check)
{
  cr_assert_geq (sweep_corpus (name, check), 1);
  cr_assert (sweep_seeds (name, instance_generate, check, 0, N_SEEDS, 1, FALSE));
}

Test (metamorphic, all_times_three_times_as_long, .timeout = 120)
{
  sweep ("slower-clock", check_slower_clock);
}

Test (metamorphic, all_sizes_five_times_as_large, .timeout = 120)
{
  sweep ("wider-bits", check_wider_bits);
}

Test (metamorphic, huge_numbers_change_only_in_size, .timeout = 120)
{
  sweep ("huge-numbers", check_huge_numbers);
}

Test (metamorphic, unused_parts_and_other_names_change_nothing, .timeout = 120)
{
  sweep ("unused-parts", check_unused_parts);
}

Test (metamorphic, free_transfers_and_space_leave_the_list_schedule, .timeout = 120)
{
  sweep ("free-transfers", check_free_transfers);
}

Test (metamorphic, one_core_takes_the_sum, .timeout = 120)
{
  sweep ("one-core", check_one_core);
}

Test (metamorphic, halves_take_as_long_as_the_whole, .timeout = 120)
{
  sweep ("split-computes", check_split_computes);
}
