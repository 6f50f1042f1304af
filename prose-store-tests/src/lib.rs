//! What every store of [prose] must do, as tests. A store that passes them keeps the promises of the [`Store`] trait
//! as far as one process can see; that it survives `kill -9` is for the store's own tests, which [`process`] helps with.
//!
//! Add this crate to the adapter's `[dev-dependencies]` and call the macro in a file of its `tests/`. One call makes a test for
//! each case. Its argument makes a fresh, empty store, and may `.await`:
//!
//! ```
//! # mod tests {
//! prose_store_tests::conformance!(prose::MemoryStore::new());
//! # }
//! ```
//!
//! Whatever must live as long as the store (a temporary directory, a schema to be dropped) goes along in a [`Fixture`]:
//!
//! ```
//! # mod tests {
//! use prose::MemoryStore;
//! use prose_store_tests::Fixture;
//!
//! async fn fresh() -> Fixture {
//!     let folder = std::env::temp_dir();
//!     Fixture::new(MemoryStore::new()).keeping(folder)
//! }
//!
//! prose_store_tests::conformance!(fresh().await);
//! # }
//! ```
//!
//! Each test runs on a tokio runtime of its own, with several threads. The adapter's crate needs no tokio for it.

pub mod cases;
#[cfg(unix)]
pub mod chaos;
mod chaos_flows;
pub mod deaths;
pub mod deliveries;
mod due;
mod hand_through;
mod kit;
#[cfg(unix)]
pub mod money;
#[cfg(unix)]
pub mod process;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

pub use kit::{json, new_run, request};
use prose::Store;

/// A store to be tested, with what must live as long.
pub struct Fixture {
    // Dropped in this order: the store goes before the ground that it stands on.
    store: Arc<dyn Store>,
    ground: Vec<Box<dyn Any + Send>>,
}

impl Fixture {
    /// A fresh, empty store.
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), ground: Vec::new() }
    }

    /// Drops `ground` when the test is over, behind the store.
    #[must_use]
    pub fn keeping(mut self, ground: impl Any + Send) -> Self {
        self.ground.push(Box::new(ground));
        self
    }
}

impl<S: Store> From<S> for Fixture {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl std::fmt::Debug for Fixture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fixture").field("ground", &self.ground.len()).finish_non_exhaustive()
    }
}

/// Makes one test for each case of [`cases`]. The argument is an expression that makes a fresh, empty store: a
/// [`Store`](prose::Store) or a [`Fixture`]. It is evaluated anew for each test, in an async context.
#[macro_export]
macro_rules! conformance {
    ($make:expr $(,)?) => {
        $crate::__tests! { $make;
            lifecycle:
                a_run_that_was_never_created_is_missing
                creating_writes_every_field
                creating_twice_says_exists_and_writes_nothing
                a_run_may_end_with_its_first_commit
                completing_saves_the_output
                failing_saves_the_step_and_the_error
                failing_in_plain_code_saves_no_step
                cancelling_is_final
                completed_is_final
                a_failed_run_restarts_only_if_asked
                a_restarted_run_is_running_again
                the_run_id_of_another_flow_is_refused
                deleting_makes_the_run_missing
                deleting_a_held_run_is_refused
                a_deleted_id_can_be_used_again
                pruning_takes_only_what_has_ended
                pruning_leaves_what_is_young
                namespaces_keep_runs_apart
                timestamps_never_go_back;
            claims:
                a_held_run_is_not_claimed
                a_released_run_is_free_at_once
                a_claim_raises_the_epoch_and_takes_a_seq
                a_claim_gives_back_all_that_was_created
                releasing_a_stale_lease_changes_nothing
                an_ended_run_is_held_by_nobody
                changed_resolves_at_a_release
                changed_resolves_at_an_ending
                changed_resolves_at_once_where_nothing_is_held
                changed_waits_while_the_run_is_held
                a_dropped_claim_leaves_the_run_free;
            fences:
                the_old_owner_is_fenced_after_a_takeover
                a_lease_of_another_epoch_is_fenced
                a_lease_of_another_uid_is_fenced
                a_lease_of_a_deleted_run_is_fenced
                a_lease_of_a_run_that_never_was_is_fenced
                a_seq_that_was_written_is_fenced
                a_seq_that_leaves_a_gap_is_fenced
                a_fenced_commit_leaves_the_lease_as_it_was
                a_commit_behind_the_end_is_fenced
                a_second_ending_is_fenced;
            reclaim:
                a_commit_that_was_written_is_found
                a_commit_that_was_not_written_never_will_be
                a_reclaimed_run_stays_held
                a_stale_owner_reclaims_nothing;
            outbox:
                events_are_kept_with_their_commit
                events_of_a_fenced_commit_never_appear
                what_is_published_is_gone
                no_more_events_are_given_than_asked_for
                a_channel_whose_broker_is_down_keeps_no_other_events
                later_events_wait_for_a_rejected_one
                a_rejected_event_is_due_again_after_its_pause
                a_parked_event_holds_up_ordered_channels_only
                a_released_event_is_due_again
                pruning_leaves_runs_with_unpublished_events
                a_deleted_run_leaves_its_events
                no_event_of_many_runs_is_lost;
            fold:
                later_values_win_in_their_old_place
                dropped_variables_are_gone
                a_variable_may_be_dropped_and_written_in_one_commit
                elements_are_variables_of_their_own
                dropping_a_variable_drops_its_elements
                a_completed_step_is_listed_once_in_its_first_place
                the_position_is_the_last_one_written
                a_position_has_its_iterations
                the_fingerprint_is_the_last_one_written
                a_long_log_folds_like_a_short_one
                a_log_with_takeovers_folds_like_one_without;
            values:
                numbers_keep_their_digits
                big_values_come_back_whole
                hostile_strings_are_only_strings
                hostile_run_ids_are_only_names
                run_ids_are_compared_exactly
                json_keeps_its_text;
            compensation:
                what_can_be_undone_is_kept_in_order
                undoing_takes_the_last_step_first
                a_run_that_is_undone_says_so
                a_compensating_run_is_claimed_and_stays_compensating
                a_compensating_run_is_held_fenced_and_not_pruned
                a_run_that_was_undone_is_never_restarted
                what_was_undone_stays_readable
                a_long_undoing_folds_like_a_short_one;
            code:
                code_is_kept_under_its_fingerprint
                code_that_is_kept_again_stays_as_it_was
                a_blocked_run_says_why_and_is_held_by_nobody
                a_blocked_run_is_claimed_like_an_idle_one
                pruning_leaves_blocked_runs
                migrating_replaces_a_run_and_keeps_its_claim
                a_migrated_run_goes_on_behind_its_migration
                a_stale_owner_migrates_nothing
                of_two_owners_one_migrates
                dropped_migrations_are_whole_or_not_at_all;
            queue:
                submitting_makes_a_run_that_waits_to_be_claimed
                submitting_twice_says_what_is_there
                of_many_that_are_submitted_at_once_each_has_its_own_answer
                a_submitted_run_is_claimed_at_its_start
                a_submitted_run_is_claimed_by_its_name
                a_held_run_is_not_due
                a_released_run_is_due_at_once
                released_runs_are_free_when_the_queue_says_so
                runs_are_handed_out_in_the_order_in_which_they_became_due
                no_more_runs_are_handed_out_than_asked_for
                of_several_flows_each_gets_its_share
                runs_of_other_flows_are_not_handed_out
                a_run_that_does_not_fit_becomes_blocked
                a_submitted_run_that_does_not_fit_is_blocked_at_its_start
                a_blocked_run_is_not_given_again_to_who_has_refused_it
                what_is_not_to_be_claimed_now_stays_as_it_was
                a_standing_says_where_a_run_stands
                an_ended_run_is_never_due
                restarting_makes_a_failed_run_due
                only_a_failed_run_is_restarted
                a_restart_forgets_a_request_to_cancel
                what_is_missing_or_has_ended_is_not_cancelled
                a_held_run_that_is_cancelled_is_told
                an_idle_run_that_is_cancelled_is_due
                a_waiting_run_that_is_cancelled_is_due
                what_has_ended_or_is_gone_is_told
                standings_are_counted
                each_due_run_is_claimed_once
                dropped_claims_of_due_runs_leave_them_free
                recovering_takes_nothing_from_the_living
                the_clock_of_the_store_goes_on;
            lists:
                runs_are_listed_newest_first
                a_list_says_when_a_run_is_due
                runs_are_listed_by_status
                runs_are_listed_by_flow
                lists_are_read_page_by_page
                namespaces_keep_lists_apart;
            waiting:
                a_parked_run_waits_and_is_held_by_nobody
                a_waiting_run_says_no_more_than_it_waits_for
                a_waiting_run_is_due_when_its_time_has_come
                a_waiting_run_is_not_due_before_its_time
                a_run_that_waits_for_the_past_is_due_at_once
                a_run_that_waits_without_end_is_not_due
                a_waiting_run_that_is_claimed_goes_on
                a_waiting_run_is_claimed_by_name_at_any_time
                a_stale_owner_cannot_park
                a_commit_behind_parking_is_fenced
                a_run_may_wait_from_its_first_commit_on
                a_run_is_due_if_its_signal_came_before_it_parked
                a_signal_of_another_name_keeps_no_run_from_waiting
                a_run_is_due_if_it_was_cancelled_before_it_parked
                a_long_log_waits_like_a_short_one
                pruning_leaves_waiting_runs
                waiting_runs_wake_in_the_order_of_their_time;
            signals:
                a_signal_is_kept_for_its_run
                signals_are_taken_in_the_order_in_which_they_were_sent
                a_signal_that_was_taken_is_gone
                the_first_commit_may_take_a_signal
                a_refused_signal_is_gone_and_tells_why
                a_repeated_id_writes_nothing
                a_fenced_commit_takes_no_signal
                a_signal_for_a_missing_run_is_refused
                a_signal_may_be_kept_for_a_run_that_is_still_to_come
                an_early_signal_is_repeated_like_any_other
                an_early_signal_goes_with_its_time
                signals_go_with_their_run
                a_run_that_has_ended_gets_no_signals
                what_an_ended_run_has_taken_is_repeated
                a_run_that_is_undone_gets_no_signals
                a_signal_for_another_flow_is_refused
                hostile_signals_are_only_signals
                a_signal_wakes_the_run_that_waits_for_it
                a_signal_wakes_no_run_that_waits_for_another
                namespaces_keep_signals_apart
                of_many_senders_each_is_heard_once;
            trees:
                a_child_knows_its_parent
                a_child_is_never_due
                a_signal_for_a_child_wakes_all_above_it
                a_signal_that_nobody_waits_for_wakes_no_parent
                cancelling_a_child_wakes_all_above_it
                a_child_that_is_given_back_wakes_all_above_it
                a_child_that_has_ended_wakes_all_above_it
                restarting_a_child_wakes_all_above_it
                restarting_below_a_run_that_has_ended_is_refused
                a_parent_that_parks_above_a_due_child_is_due
                a_parent_that_parks_above_a_child_that_has_ended_meanwhile_is_due
                the_unfinished_runs_right_below_one_are_told
                a_parent_is_due_with_the_first_of_its_children
                deleting_a_run_deletes_all_below_it
                deleting_a_child_leaves_its_parent
                deleting_above_a_held_child_is_refused
                pruning_takes_whole_trees
                pruning_takes_no_child_alone
                pruning_leaves_trees_with_an_unfinished_child
                pruning_leaves_trees_with_an_unpublished_event;
            concurrency:
                of_many_claimers_one_wins
                of_many_creators_one_wins
                of_many_writers_with_one_lease_one_wins_each_seq
                no_commit_of_many_runs_is_lost
                dropped_commits_are_whole_or_not_at_all
                dropped_creations_are_whole_or_not_at_all;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($make:expr; $($group:ident: $($name:ident)*;)*) => {
        $($(
            #[test]
            fn $name() {
                $crate::__private::run(async { $crate::Fixture::from($make) }, $crate::cases::$group::$name);
            }
        )*)*
    };
}

#[doc(hidden)]
pub mod __private {
    use super::{Arc, Fixture, Future, Store};

    /// Runs a case on a fresh store.
    ///
    /// # Panics
    /// If the case fails.
    pub fn run<F: Future<Output = ()>>(make: impl Future<Output = Fixture>, case: impl FnOnce(Arc<dyn Store>) -> F) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a tokio runtime");
        runtime.block_on(async {
            let fixture = make.await;
            case(Arc::clone(&fixture.store)).await;
        });
    }
}

#[cfg(test)]
mod tests {
    /// A case that nobody calls is worth nothing.
    #[test]
    fn every_case_is_in_the_macro() {
        let listed = include_str!("lib.rs");
        let groups = [
            include_str!("cases/lifecycle.rs"),
            include_str!("cases/claims.rs"),
            include_str!("cases/fences.rs"),
            include_str!("cases/fold.rs"),
            include_str!("cases/outbox.rs"),
            include_str!("cases/reclaim.rs"),
            include_str!("cases/values.rs"),
            include_str!("cases/compensation.rs"),
            include_str!("cases/code.rs"),
            include_str!("cases/queue.rs"),
            include_str!("cases/lists.rs"),
            include_str!("cases/waiting.rs"),
            include_str!("cases/signals.rs"),
            include_str!("cases/trees.rs"),
            include_str!("cases/concurrency.rs"),
        ];
        for line in groups.iter().flat_map(|group| group.lines()) {
            let Some(name) = line.strip_prefix("pub async fn ").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            assert!(listed.lines().any(|line| line.trim().trim_end_matches(';') == name), "{name} is not in the macro");
        }
    }
}
