export { createPostgres } from './postgres.ts'
export type { Postgres, PostgresOptions } from './postgres.ts'
export { createSecretsManager } from './secrets-manager.ts'
export type {
  DatabaseCredentials,
  SecretsManager,
  SecretsManagerOptions,
} from './secrets-manager.ts'
export type { Log } from './log.ts'
