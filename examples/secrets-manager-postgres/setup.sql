CREATE ROLE orders_owner NOLOGIN;
GRANT ALL ON SCHEMA public TO orders_owner;

CREATE ROLE orders_a LOGIN PASSWORD 'public-first-password-of-orders-a';
GRANT orders_owner TO orders_a;
ALTER ROLE orders_a SET role TO orders_owner;

CREATE ROLE orders_admin LOGIN CREATEROLE PASSWORD 'public-first-password-of-the-admin';
GRANT pg_read_all_stats TO orders_admin;
GRANT orders_owner TO orders_admin WITH ADMIN OPTION;
GRANT orders_a TO orders_admin WITH ADMIN OPTION;
