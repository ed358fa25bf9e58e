import type * as Sdk from '@kubernetes/client-node'
import { classify, isUnknownCaller } from './failures.ts'
import type { Attempt } from './failures.ts'
import type { Connection, Connector } from './connect.ts'

/** One call of the client, with the options that it must be given. */
type Send<T> = (connection: Connection, options: Sdk.ConfigurationOptions) => Promise<T>

/**
 * Makes one call. A token that the API server does not know may have expired since it was fetched,
 * so the call is made once more with new credentials: it was refused before anything was done.
 * @throws ERR_KUBERNETES_*, ERR_TARGET_MISSING, ERR_RUNTIME_MISSING, ERR_OUTCOME_UNKNOWN;
 *   ERR_CONFIG as the connector; the reason of an aborted signal
 */
export async function ask<T>(connector: Connector, attempt: Attempt, send: Send<T>): Promise<T> {
  const { signal } = attempt
  signal.throwIfAborted()
  try {
    return await once(connector, attempt, send)
  } catch (error) {
    if (!isUnknownCaller(error)) throw translated(error, attempt)
  }
  connector.renew()
  try {
    return await once(connector, attempt, send)
  } catch (error) {
    throw translated(error, attempt)
  }
}

/** A credential plugin knows no signal, so it is not waited for when the call is over. */
async function once<T>(
  connector: Connector,
  { operation, signal }: Attempt,
  send: Send<T>,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(reasonOf(signal))
  signal.addEventListener('abort', end, { once: true })
  try {
    const connection = await Promise.race([connector.connection(), over])
    const options = optionsFor(connection.sdk, operation.startsWith('patch'), signal)
    return await Promise.race([send(connection, options), over])
  } finally {
    signal.removeEventListener('abort', end)
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the call is over')
}

/**
 * The client sends `application/json-patch+json` with a PATCH unless it is told otherwise.
 * @see Kubernetes API concepts, "Patch and apply"
 */
function optionsFor(
  sdk: typeof Sdk,
  patches: boolean,
  signal: AbortSignal,
): Sdk.ConfigurationOptions {
  const header = patches
    ? sdk.setHeaderMiddleware('Content-Type', sdk.PatchStrategy.StrategicMergePatch)
    : sdk.setHeaderMiddleware('Accept', 'application/json')
  const middleware: Sdk.ObservableMiddleware = {
    pre: (request) => {
      request.setSignal(signal)
      return header.pre(request)
    },
    post: (response) => header.post(response),
  }
  return { middleware: [middleware], middlewareMergeStrategy: 'append' }
}

/** A signal's own reason stays as it is where nothing was changed. */
function translated(error: unknown, attempt: Attempt): unknown {
  const { operation, signal } = attempt
  if (signal.aborted && !operation.startsWith('patch')) return signal.reason
  return classify(error, attempt)
}
