/**
 * The command that cuedot.yaml names for restarting the workers: asks the demo's balancer for a
 * rolling restart and waits for it. Exits with 0 when every worker was replaced.
 */
import { request } from 'node:http'

const ask = request(
  process.argv[2] ?? '',
  { method: 'POST', headers: { 'x-roll': process.env['CUEDOT_ROLL'] ?? '' } },
  (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      if (response.statusCode === 200) return
      console.error(Buffer.concat(chunks).toString('utf8'))
      process.exitCode = 1
    })
  },
)
ask.on('error', (error) => {
  console.error(`the balancer does not answer: ${error.message}`)
  process.exitCode = 1
})
ask.end()
