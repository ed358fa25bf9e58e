import { main } from './command.ts'

// Node would print the message, which nobody has looked at.
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    const kind = error instanceof Error ? error.name : typeof error
    process.stderr.write(`cuedot-agent: it has failed: ${kind}\n`)
    process.exit(1)
  })

// Whoever read the output may go away: the agent stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

// Node would open its debugger on a port of loopback, and with it all secrets to every local user.
process.on('SIGUSR1', () => undefined)

// A request to Secrets Manager that nobody waits for any more must not hold up the end.
process.exit(await main(process.argv.slice(2)))
