import { createCredentials } from '@cuedot/client'
import { lambdaExtension } from '@cuedot/client/agent'
import { awsSecretsManager } from '@cuedot/client/aws'
import { createPgPool } from '@cuedot/client/pg'
import pg from 'pg'

const secretId = process.env['DB_SECRET_ID'] ?? ''
// Without the extension as a layer, `awsSecretsManager({ secretId })` alone.
const source = lambdaExtension({ secretId, fallback: awsSecretsManager({ secretId }) })

// Outside of the handler: an execution environment keeps its connection from one event to the
// next. One event at a time needs one connection, and one beside it while a pool takes over.
const credentials = createCredentials(source)
const pool = createPgPool({
  ...{ credentials, Pool: pg.Pool, max: 2 },
  ssl: { ca: process.env['DB_CA'] },
})
// A frozen environment learns only when it thaws that the server has closed its connection.
pool.on('error', () => undefined)

interface Answer {
  readonly statusCode: number
  readonly body: string
}

/** What is sent on a connection that has died in a frozen process is lost: let that be this. */
async function validate(): Promise<void> {
  await pool.query('SELECT 1').catch(() => undefined)
}

export async function handler(): Promise<Answer> {
  await validate()
  try {
    const { rows } = await pool.query<{ readonly who: string }>('SELECT session_user AS who')
    return { statusCode: 200, body: JSON.stringify({ who: rows[0]?.who }) }
  } catch (error) {
    console.error(error instanceof Error ? error.name : 'failed')
    return { statusCode: 503, body: '{"error":"Service temporarily unavailable"}' }
  }
}
