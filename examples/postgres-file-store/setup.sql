-- Who owns the tables never logs in; who logs in works as the owner. So users can come and go.
CREATE ROLE app_owner NOLOGIN;
GRANT ALL ON SCHEMA public TO app_owner;

CREATE ROLE app_a LOGIN PASSWORD 'public-first-password-of-app-a';
GRANT app_owner TO app_a;
ALTER ROLE app_a SET role TO app_owner;

-- CREATEROLE and the ADMIN option on what it manages: no superuser. app_b is made by cuedot.
CREATE ROLE rotation_admin LOGIN CREATEROLE PASSWORD 'public-first-password-of-the-admin';
GRANT pg_read_all_stats TO rotation_admin;
GRANT app_owner TO rotation_admin WITH ADMIN OPTION;
GRANT app_a TO rotation_admin WITH ADMIN OPTION;
