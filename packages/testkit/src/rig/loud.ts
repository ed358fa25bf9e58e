import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from '../leaks/search.ts'
import { mariadbPlugins } from '../servers/mariadb-plugins.ts'
import type { RigEngine } from './engine.ts'
import { mariadbRig } from './mariadb.ts'
import { mysqlRig } from './mysql.ts'
import { postgresRig } from './postgres.ts'

/** A server that logs all that it can, wherever it can. */
export interface LoudEngine extends RigEngine {
  /** What stands in its logs and in the tables in which it keeps statements. */
  said(): Promise<readonly Place[]>
}

/** Everything that PostgreSQL and the modules that come with it can be told to write down. */
const POSTGRES_LOGS = {
  shared_preload_libraries: 'pg_stat_statements,auto_explain,passwordcheck',
  log_min_duration_statement: '0',
  log_min_messages: 'debug1',
  log_min_error_statement: 'debug5',
  log_error_verbosity: 'verbose',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1',
  debug_print_parse: 'on',
  debug_print_rewritten: 'on',
  debug_print_plan: 'on',
  track_activity_query_size: '65536',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_parameter_max_length': '-1',
  'pg_stat_statements.track': 'all',
  'pg_stat_statements.track_utility': 'on',
}

/** PostgreSQL 18. */
export async function loudPostgres(): Promise<LoudEngine> {
  const engine = await postgresRig({ settings: POSTGRES_LOGS })
  await ask(engine, 'CREATE EXTENSION pg_stat_statements')
  const tables = ['pg_stat_statements', 'pg_stat_activity']
  return {
    ...engine,
    said: async () => [
      { name: 'postgres.log', text: await engine.log() },
      ...(await rowsOf(engine, tables)),
    ],
  }
}

/** The slow log of everything, the binary log, and what `performance_schema` keeps. */
const PROTOCOL_LOGS: readonly string[] = [
  ...['--slow-query-log=1', '--long-query-time=0', '--log-output=FILE'],
  ...['--slow-query-log-file=slow.log', '--performance-schema=ON'],
  '--performance-schema-consumer-events-statements-current=ON',
  '--performance-schema-consumer-events-statements-history=ON',
  '--performance-schema-consumer-events-statements-history-long=ON',
  '--performance-schema-events-statements-history-long-size=5000',
  '--performance-schema-instrument=statement/%=ON',
  '--performance-schema-max-sql-text-length=65536',
  '--performance-schema-max-digest-length=65536',
]

const STATEMENTS: readonly string[] = [
  'performance_schema.events_statements_current',
  'performance_schema.events_statements_history',
  'performance_schema.events_statements_history_long',
  'performance_schema.events_statements_summary_by_digest',
  'performance_schema.threads',
  'information_schema.PROCESSLIST',
]

/** MySQL. */
export async function loudMysql(): Promise<LoudEngine> {
  const more = ['--log-error-verbosity=3', '--log-slow-admin-statements=ON', '--log-slow-extra=ON']
  const engine = await mysqlRig({ binaryLog: true, more: [...PROTOCOL_LOGS, ...more] })
  return { ...engine, said: () => protocolSaid(engine, ['performance_schema.error_log']) }
}

/** MariaDB, with the plugins that log where they can be had. */
export async function loudMariadb(): Promise<LoudEngine> {
  const plugins = await mariadbPlugins()
  const more = [
    ...[...PROTOCOL_LOGS, '--log-bin=binlog', '--log-warnings=9'],
    ...['--log-slow-admin-statements=ON', '--log-slow-verbosity=full'],
    ...(plugins === undefined ? [] : loggingPlugins(plugins)),
  ]
  const engine = await mariadbRig({ more })
  return { ...engine, said: () => protocolSaid(engine, []) }
}

function loggingPlugins(folder: string): readonly string[] {
  return [
    ...[`--plugin-dir=${folder}`, '--plugin-load-add=server_audit', '--server-audit=FORCE'],
    ...['--server-audit-logging=ON', '--server-audit-query-log-limit=65536'],
    ...['--plugin-load-add=sql_errlog', '--sql-error-log-filename=sql_errors.log'],
  ]
}

async function protocolSaid(
  engine: RigEngine,
  tables: readonly string[],
): Promise<readonly Place[]> {
  const names = /(?:\.log|\.err|binlog\.\d+)$/
  const files: Place[] = [{ name: 'stderr and general.log', text: await engine.log() }]
  for await (const path of glob(join(engine.dir, '**/*')))
    if (names.test(path)) files.push({ name: path, text: await readFile(path, 'latin1') })
  return [...files, ...(await rowsOf(engine, [...STATEMENTS, ...tables]))]
}

async function rowsOf(engine: RigEngine, tables: readonly string[]): Promise<readonly Place[]> {
  await using root = await engine.root()
  const places: Place[] = []
  for (const name of tables)
    places.push({ name, text: JSON.stringify(await root.ask(`SELECT * FROM ${name}`)) })
  return places
}

/** Runs one statement as a superuser. */
export async function ask(engine: RigEngine, statement: string): Promise<void> {
  await using root = await engine.root()
  await root.ask(statement)
}
