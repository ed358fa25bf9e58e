import * as z from 'zod'
import { filePath, httpUrl, nonEmpty } from './fields.ts'
import type { SecretsManagerConfig, StoreConfig } from './types.ts'

/** Where a secret is kept. `folder`: where relative paths start. */
export function storeSchema(folder: string): z.ZodType<StoreConfig> {
  const file = z
    .strictObject({
      kind: z.literal('file').describe('An encrypted file on this machine.'),
      path: filePath(folder).describe('The encrypted file. `cuedot secret init` makes it.'),
      key_file: filePath(folder).describe(
        'The key, mode 0600. Keep it elsewhere than the secrets.',
      ),
    })
    .transform(({ key_file: keyFile, ...rest }) => ({ ...rest, keyFile }))
  return z.discriminatedUnion('kind', [file, secretsManager])
}

/** A secret in AWS Secrets Manager. */
export const secretsManager: z.ZodType<SecretsManagerConfig> & z.core.$ZodTypeDiscriminable =
  z.strictObject({
    kind: z.literal('secrets-manager').describe('AWS Secrets Manager.'),
    secret: nonEmpty().describe('Name or ARN of the secret.'),
    region: nonEmpty()
      .exactOptional()
      .describe('AWS region. Default: as the AWS SDK finds it (AWS_REGION, the shared config).'),
    endpoint: httpUrl()
      .exactOptional()
      .describe('Another endpoint. Default: AWS’s own, or AWS_ENDPOINT_URL.'),
  })

/** Names the secret: two targets must not rotate the same one. */
export function storeIdentity(store: StoreConfig): string {
  return store.kind === 'file' ? `file ${store.path}` : `aws ${store.region ?? ''} ${store.secret}`
}
