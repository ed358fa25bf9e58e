import type { Json } from './secrets-manager-actions.ts'

/** Arranges secrets behind an endpoint that does not verify signatures: an emulator, our fake. */
export interface SecretsManagerAdmin {
  /** Makes a secret with this value as AWSCURRENT, or without any version. */
  createSecret(name: string, text?: string): Promise<void>
  /** Runs any action; rejects with the `__type` of an error. */
  call(action: string, request: Json): Promise<Json>
}

/** Looks like a signature, which is all that moto and the fake ask for. */
const SIGNATURE = [
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request',
  'SignedHeaders=host',
  'Signature=0',
].join(', ')

/** The admin of an emulator at `endpoint`. */
export function secretsManagerAdmin(endpoint: string): SecretsManagerAdmin {
  const call = async (action: string, request: Json): Promise<Json> => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${action}`,
        authorization: SIGNATURE,
      },
      body: JSON.stringify(request),
    })
    const answer = (await response.json()) as Json
    if (response.ok) return answer
    throw new Error(`${action}: ${String(answer['__type'])}: ${String(answer['message'])}`)
  }
  return {
    call,
    createSecret: async (name, text) => {
      await call('CreateSecret', { Name: name, ...(text !== undefined && { SecretString: text }) })
    },
  }
}
