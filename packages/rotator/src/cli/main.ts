import { main } from './program.ts'
import { tellFailure } from './tell-failure.ts'

const args = process.argv.slice(2)

// Node would print the message, which nobody has looked at, and end with 1.
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    process.exit(tellFailure(error, args))
  })

// Node would open its debugger on a port of loopback, and with it all memory to every local user.
process.on('SIGUSR1', () => undefined)

process.exitCode = await main(args)
