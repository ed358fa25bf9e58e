/** One grant of every kind that this major version knows, to a role that owns nothing. */
export function everything(version: string): readonly string[] {
  return [
    ...EVERYTHING,
    ...(hasParameters(version) ? ['GRANT SET ON PARAMETER my.parameter TO ref'] : []),
  ]
}

/** What a bare role lacks of {@link everything}, as people read it. */
export function linesOf(version: string): readonly string[] {
  return [...LINES, ...(hasParameters(version) ? ['SET on parameter "my"."parameter"'] : [])]
}

/** Source: release notes of PostgreSQL 15. */
function hasParameters(version: string): boolean {
  return Number(version) >= 15
}

const EVERYTHING: readonly string[] = [
  `CREATE ROLE ref LOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS CONNECTION LIMIT 7
   VALID UNTIL '2030-01-01 00:00:00+00'`,
  'CREATE ROLE team NOLOGIN',
  'GRANT team TO ref WITH ADMIN OPTION',
  'CREATE ROLE maker NOLOGIN',
  'ALTER ROLE ref SET role TO team',
  `ALTER ROLE ref SET search_path TO "$user", 'a,b', "O'Neil"`,
  `ALTER ROLE ref IN DATABASE app SET my.setting TO 'it''s \\ "odd"'`,
  'GRANT CONNECT, TEMPORARY ON DATABASE postgres TO ref',
  'CREATE SCHEMA "My Schema"',
  'GRANT USAGE ON SCHEMA "My Schema" TO ref',
  'CREATE TABLE "My Schema"."a ""table" (id int, "a column" int)',
  'GRANT SELECT ON "My Schema"."a ""table" TO ref WITH GRANT OPTION',
  'GRANT UPDATE ("a column") ON "My Schema"."a ""table" TO ref',
  'CREATE SEQUENCE counter',
  'GRANT USAGE ON SEQUENCE counter TO ref',
  'CREATE TYPE "My Schema".mood AS ENUM (\'good\')',
  'GRANT USAGE ON TYPE "My Schema".mood TO ref',
  'CREATE DOMAIN positive AS int CHECK (value > 0)',
  'GRANT USAGE ON DOMAIN positive TO ref',
  `CREATE FUNCTION f(a "My Schema".mood, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  'GRANT EXECUTE ON FUNCTION f TO ref',
  `CREATE PROCEDURE p(INOUT x int) LANGUAGE sql AS 'SELECT 1'`,
  'GRANT EXECUTE ON PROCEDURE p TO ref',
  'CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)',
  'GRANT EXECUTE ON FUNCTION total(int) TO ref',
  'GRANT USAGE ON LANGUAGE plpgsql TO ref',
  'CREATE FOREIGN DATA WRAPPER w',
  'GRANT USAGE ON FOREIGN DATA WRAPPER w TO ref',
  'CREATE SERVER far FOREIGN DATA WRAPPER w',
  'GRANT USAGE ON FOREIGN SERVER far TO ref',
  'GRANT CREATE ON TABLESPACE pg_default TO ref',
  'SELECT lo_create(4711)',
  'GRANT SELECT ON LARGE OBJECT 4711 TO ref',
  'ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT INSERT ON TABLES TO ref',
  'ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA "My Schema" GRANT EXECUTE ON ROUTINES TO ref',
  'ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT USAGE ON SCHEMAS TO ref',
  'CREATE POLICY "see" ON "My Schema"."a ""table" TO maker, ref USING (true)',
]

const LINES: readonly string[] = [
  'attribute CREATEDB',
  'attribute CREATEROLE',
  'attribute REPLICATION',
  'attribute BYPASSRLS',
  'membership in role "team"',
  'option ADMIN of the membership in role "team"',
  `setting role = 'team'`,
  `setting search_path = '"$user", "a,b", "O''Neil"'`,
  `setting my.setting = E'it''s \\\\ "odd"' in database "app"`,
  'SELECT on table "My Schema"."a ""table"',
  'SELECT on table "My Schema"."a ""table" with grant option',
  'UPDATE on column "a column" of table "My Schema"."a ""table"',
  'USAGE on schema "My Schema"',
  'USAGE on sequence "public"."counter"',
  'USAGE on foreign data wrapper "w"',
  'USAGE on foreign server "far"',
  'CREATE on tablespace "pg_default"',
  'SELECT on large object 4711',
  'INSERT on tables that role "maker" will create',
  'EXECUTE on routines that role "maker" will create in schema "My Schema"',
  'USAGE on schemas that role "maker" will create',
  'row security policy "see" on table "My Schema"."a ""table"',
]

/** These PUBLIC has as well, so nobody lacks them until they are taken from it. */
export const PUBLIC_TOO: readonly (readonly [what: string, line: string])[] = [
  ['CONNECT, TEMPORARY ON DATABASE postgres', 'CONNECT on database "postgres"'],
  ['USAGE ON TYPE "My Schema".mood', 'USAGE on type "My Schema"."mood"'],
  ['USAGE ON DOMAIN positive', 'USAGE on type "public"."positive"'],
  ['EXECUTE ON FUNCTION f', 'EXECUTE on routine public.f("My Schema".mood,integer)'],
  ['EXECUTE ON PROCEDURE p', 'EXECUTE on routine public.p(integer)'],
  ['EXECUTE ON FUNCTION total(int)', 'EXECUTE on routine public.total(integer)'],
  ['USAGE ON LANGUAGE plpgsql', 'USAGE on language "plpgsql"'],
]
