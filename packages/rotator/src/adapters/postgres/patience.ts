/**
 * How long a statement of ours waits for a lock, in milliseconds. Whatever an application asks for
 * meanwhile is queued behind it, so this is the longest that anybody waits because of us.
 * Source: PostgreSQL documentation, "Explicit Locking" and `lock_timeout`; test "an application is
 * not queued behind a lock that we wait for".
 */
export const LOCK_MS = 100
