CREATE USER 'openemr_a'@'%' IDENTIFIED BY 'public-first-password-of-openemr-a' REQUIRE SSL;
GRANT ALL PRIVILEGES ON openemr.* TO 'openemr_a'@'%';

-- What docs/databases.md asks for. openemr_b is made by cuedot.
CREATE USER 'rotation_admin'@'%' IDENTIFIED BY 'public-first-password-of-the-admin' REQUIRE SSL;
GRANT CREATE USER, PROCESS ON *.* TO 'rotation_admin'@'%';
GRANT SELECT ON mysql.* TO 'rotation_admin'@'%';
GRANT ALL PRIVILEGES ON openemr.* TO 'rotation_admin'@'%' WITH GRANT OPTION;
