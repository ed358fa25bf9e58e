import { rotationHandler } from './handler.ts'
import type { RotationHandler } from './handler.ts'

export { RotationFailed, rotationHandler } from './handler.ts'
export type { FunctionHost, RotationHandler } from './handler.ts'
export type { FunctionContext } from './event.ts'

/** What Lambda is told to call: `index.handler`. */
export const handler: RotationHandler = rotationHandler({
  variables: process.env,
  log: (line) => console.log(JSON.stringify(line)),
})
