-- PgBouncer logs in as this user to look verifiers up; it may do nothing else.
CREATE ROLE pgbouncer LOGIN PASSWORD 'public-first-password';
CREATE SCHEMA pgbouncer;
GRANT USAGE ON SCHEMA pgbouncer TO pgbouncer;

-- Owned by a superuser, who may read verifiers. Without rolcanlogin a user in quarantine could
-- still get in: PgBouncer would hand out a server connection that is open already.
CREATE FUNCTION pgbouncer.verifier_of(name text, OUT username text, OUT verifier text)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
  AS 'SELECT rolname::text, rolpassword FROM pg_authid
      WHERE rolname = $1 AND rolcanlogin AND NOT rolsuper
        AND (rolvaliduntil IS NULL OR rolvaliduntil > now())';
REVOKE ALL ON FUNCTION pgbouncer.verifier_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgbouncer.verifier_of(text) TO pgbouncer;
