//! For stores that wrap another one: what they do not do by themselves.

/// Writes the methods of [`Store`](prose::Store) that only hand through to the store in a field.
///
/// ```
/// use prose::store::{BoxFuture, Commit, Lease, Store};
/// use prose::{MemoryStore, StoreError};
///
/// /// Loses every commit.
/// struct Forgets {
///     inner: MemoryStore,
/// }
///
/// impl Store for Forgets {
///     fn commit<'a>(&'a self, _: &'a Lease, _: Commit) -> BoxFuture<'a, Result<(), StoreError>> {
///         Box::pin(async { Ok(()) })
///     }
///     prose_store_tests::hand_through! { inner: claim create reclaim outbox queue signals migrate keep_code code release changed
///         load_run delete_run prune as_any }
/// }
/// ```
#[macro_export]
macro_rules! hand_through {
    ($inner:ident: $($method:ident)*) => { $($crate::__handed_through!($method $inner);)* };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __handed_through {
    (claim $inner:ident) => {
        fn claim<'a>(
            &'a self,
            request: &'a ::prose::store::ClaimRequest,
        ) -> ::prose::store::BoxFuture<'a, Result<::prose::store::Claim, ::prose::StoreError>> {
            self.$inner.claim(request)
        }
    };
    (create $inner:ident) => {
        fn create<'a>(
            &'a self,
            run: &'a ::prose::store::NewRun,
            first: ::prose::store::Commit,
        ) -> ::prose::store::BoxFuture<'a, Result<::prose::store::Lease, ::prose::StoreError>> {
            self.$inner.create(run, first)
        }
    };
    (commit $inner:ident) => {
        fn commit<'a>(
            &'a self,
            lease: &'a ::prose::store::Lease,
            commit: ::prose::store::Commit,
        ) -> ::prose::store::BoxFuture<'a, Result<(), ::prose::StoreError>> {
            self.$inner.commit(lease, commit)
        }
    };
    (reclaim $inner:ident) => {
        fn reclaim<'a>(
            &'a self,
            lease: &'a ::prose::store::Lease,
            seq: u64,
        ) -> ::prose::store::BoxFuture<'a, Result<::prose::store::Reclaimed, ::prose::StoreError>> {
            self.$inner.reclaim(lease, seq)
        }
    };
    (outbox $inner:ident) => {
        fn outbox(&self) -> &dyn ::prose::store::Outbox {
            self.$inner.outbox()
        }
    };
    (queue $inner:ident) => {
        fn queue(&self) -> &dyn ::prose::store::Queue {
            self.$inner.queue()
        }
    };
    (signals $inner:ident) => {
        fn signals(&self) -> &dyn ::prose::store::Signals {
            self.$inner.signals()
        }
    };
    (migrate $inner:ident) => {
        fn migrate<'a>(
            &'a self,
            lease: &'a ::prose::store::Lease,
            run: &'a ::prose::store::Migrated,
        ) -> ::prose::store::BoxFuture<'a, Result<(), ::prose::StoreError>> {
            self.$inner.migrate(lease, run)
        }
    };
    (keep_code $inner:ident) => {
        fn keep_code<'a>(
            &'a self,
            code: &'a ::prose::store::Code,
        ) -> ::prose::store::BoxFuture<'a, Result<(), ::prose::StoreError>> {
            self.$inner.keep_code(code)
        }
    };
    (code $inner:ident) => {
        fn code(
            &self,
            fingerprint: u64,
        ) -> ::prose::store::BoxFuture<'_, Result<Option<::prose::store::Code>, ::prose::StoreError>> {
            self.$inner.code(fingerprint)
        }
    };
    (release $inner:ident) => {
        fn release(&self, lease: &::prose::store::Lease) {
            self.$inner.release(lease);
        }
    };
    (changed $inner:ident) => {
        fn changed<'a>(&'a self, key: &'a ::prose::store::RunKey, epoch: u64) -> ::prose::store::BoxFuture<'a, ()> {
            self.$inner.changed(key, epoch)
        }
    };
    (load_run $inner:ident) => {
        fn load_run<'a>(
            &'a self,
            key: &'a ::prose::store::RunKey,
        ) -> ::prose::store::BoxFuture<'a, Result<Option<::prose::Checkpoint>, ::prose::StoreError>> {
            self.$inner.load_run(key)
        }
    };
    (delete_run $inner:ident) => {
        fn delete_run<'a>(
            &'a self,
            key: &'a ::prose::store::RunKey,
        ) -> ::prose::store::BoxFuture<'a, Result<bool, ::prose::StoreError>> {
            self.$inner.delete_run(key)
        }
    };
    (prune $inner:ident) => {
        fn prune(
            &self,
            older_than: ::std::time::Duration,
        ) -> ::prose::store::BoxFuture<'_, Result<u64, ::prose::StoreError>> {
            self.$inner.prune(older_than)
        }
    };
    (as_any $inner:ident) => {
        fn as_any(&self) -> &dyn ::std::any::Any {
            self.$inner.as_any()
        }
    };
}
