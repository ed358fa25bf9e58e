import { ended, startProgram } from './children.ts'
import type { Sample } from './requests.ts'

/** The clients, in a process of their own. */
export interface Load {
  /** Lets every request in flight end, and resolves when the last sample is here. */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts the clients. `take` gets what they saw, ten times a second. */
export function startLoad(
  url: string,
  logFile: string,
  take: (samples: readonly Sample[]) => void,
): Load {
  const child = startProgram('load', { args: [url], logFile })
  const gone = ended(child)
  child.on('message', (message) => take(samplesIn(message)))
  return {
    async stop() {
      child.send('stop')
      const how = await gone
      if (how !== 0) throw new Error(`the clients ended with ${how}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

function samplesIn(message: unknown): readonly Sample[] {
  const fields = typeof message === 'object' && message !== null ? message : {}
  return 'samples' in fields && Array.isArray(fields.samples) ? fields.samples.filter(isSample) : []
}

function isSample(value: unknown): value is Sample {
  return typeof value === 'object' && value !== null && 'kind' in value && 'at' in value
}
