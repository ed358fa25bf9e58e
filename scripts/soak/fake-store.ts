/** The fake of Secrets Manager as a process: tells its endpoint and lives as long as its parent. */
import { startSecretsManager } from '../../packages/testkit/src/fakes/secrets-manager.ts'

const { endpoint } = await startSecretsManager()
process.once('disconnect', () => process.exit(0))
process.send?.(endpoint)
