import { restartHandler } from './handler.ts'
import type { RestartHandler } from './handler.ts'

/** What Lambda is told to call: `index.handler`. */
export const handler: RestartHandler = restartHandler({
  variables: process.env,
  log: (line) => console.log(JSON.stringify(line)),
})
