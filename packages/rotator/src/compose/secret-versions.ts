import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager'
import type { SecretsManagerConfig, StoreConfig } from '../config/types.ts'
import type { Call } from '../ports/call.ts'
import type { VersionList } from '../ports/version-list.ts'

/** The versions of a secret, for whoever lists them. @throws ERR_STORE_KEY */
export async function composeVersions(config: StoreConfig): Promise<VersionList> {
  if (config.kind === 'file') {
    const { fileVersions } = await import('../adapters/file-store/store.ts')
    const { readKeyFile } = await import('../adapters/file-store/key-file.ts')
    return fileVersions({ path: config.path, key: await readKeyFile(config.keyFile) })
  }
  const { secretVersions } = await import('../adapters/secrets-manager/versions.ts')
  const { kind: _kind, ...options } = config
  return secretVersions(options)
}

/** What Secrets Manager tells of a secret; asks each time that it is called. */
export async function composeDescription(
  config: SecretsManagerConfig,
): Promise<(call: Call) => Promise<DescribeSecretCommandOutput>> {
  const { secretDescription } = await import('../adapters/secrets-manager/versions.ts')
  const { kind: _kind, ...options } = config
  return secretDescription(options)
}
