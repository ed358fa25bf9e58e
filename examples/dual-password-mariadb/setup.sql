CREATE DATABASE orders;
CREATE USER 'orders'@'%' IDENTIFIED BY 'public-first-password-of-orders' REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders.* TO 'orders'@'%';

-- What docs/databases.md asks for. The admin needs no rights on the tables.
CREATE USER 'rotation_admin'@'%' IDENTIFIED BY 'public-first-password-of-the-admin' REQUIRE SSL;
GRANT CREATE USER, PROCESS ON *.* TO 'rotation_admin'@'%';
GRANT SELECT ON mysql.* TO 'rotation_admin'@'%';
GRANT SELECT ON performance_schema.* TO 'rotation_admin'@'%';
