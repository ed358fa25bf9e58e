/**
 * How many requests the agent answers: `npm run bench:agent`. By the command in a process of its
 * own, from its cache, over connections that are kept; beside it a server of `node:http` in a
 * process of its own that answers with the same bytes and looks at nothing. One JSON object a line.
 * The clients are on the same machine: compare within one run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { TOKEN, startAgentProcess } from '../packages/agent/test/agent-process.ts'
import { secretsManagerAdmin } from '../packages/testkit/src/fakes/secrets-manager-admin.ts'
import { startSecretsManager } from '../packages/testkit/src/fakes/secrets-manager.ts'

const SECONDS = 5
const PATH = '/secretsmanager/get?secretId=app'

await using store = await startSecretsManager()
const document = { username: 'app', password: 'of the bench', host: 'db', port: 5432 }
await secretsManagerAdmin(store.endpoint).createSecret('app', JSON.stringify(document))
await using agent = await startAgentProcess(store.endpoint, {
  ...{ toml: 'max_conn = 1000', logLevel: 'info' },
})
const { body } = await agent.ask(PATH)
const bare = await startBare(body)
for (const connections of [16, 256]) {
  const theirs = await load(bare.address, connections)
  const ours = await load(agent.address, connections)
  const ratio = Math.round((ours.perSecond / theirs.perSecond) * 100) / 100
  console.log(JSON.stringify({ connections, agent: ours, bare: theirs, ratio }))
}
bare.end()

interface Rate {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** As many requests as there are connections are under way all the time. */
async function load(address: string, connections: number): Promise<Rate> {
  const pool = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  const until = performance.now() + SECONDS * 1_000
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now()
      await ask(address, pool)
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  pool.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number =>
    Math.round((sorted[Math.floor(sorted.length * part)] ?? 0) * 100) / 100
  return { perSecond: Math.round(times.length / SECONDS), p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function ask(address: string, agentOf: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { 'X-Aws-Parameters-Secrets-Token': TOKEN }
  get(new URL(PATH, address), { agent: agentOf, headers }, resolve).once('error', reject)
  const response = await promise
  response.resume()
  await once(response, 'end')
  if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`)
}

async function startBare(answer: string): Promise<{ readonly address: string; end(): void }> {
  const program = `
    import { createServer } from 'node:http'
    const answer = process.env.ANSWER
    const length = Buffer.byteLength(answer)
    const headers = { 'content-type': 'application/json', 'content-length': length }
    const server = createServer((_, response) => {
      response.writeHead(200, headers).end(answer)
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ANSWER: answer },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  return { address: `http://127.0.0.1:${port}`, end: () => void child.kill() }
}
