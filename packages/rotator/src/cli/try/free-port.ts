import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what systems hand out by themselves (Linux from 32768, `ip_local_port_range` in ip(7);
 * others from 49152, RFC 6335) and below the node ports of Kubernetes (30000 to 32767): no outgoing
 * connection takes the port between the look and its use.
 */
const [LOWEST, HIGHEST] = [20_000, 29_999]

/** So many are tried; more are not all taken by accident. */
const MOST_TRIES = 50

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  let failure: unknown
  for (let n = 0; n < MOST_TRIES; n++) {
    const port = randomInt(LOWEST, HIGHEST + 1)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      failure = error
      continue
    }
    await new Promise((resolve) => server.close(resolve))
    return port
  }
  throw failure
}
