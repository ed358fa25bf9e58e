/** What workers of OpenEMR and their office tell each other: a line of JSON each. */
import type { Socket } from 'node:net'

/** One line of a worker. */
export interface WorkerNote {
  /** What it has read when it began. */
  readonly holds?: { readonly username: string; readonly password: string }
  /** Why a request failed. */
  readonly failed?: string
  /** It has worked because it was told to. */
  readonly worked?: true
}

/** Sends a line, as far as there is somebody to read it. */
export function writeNote(socket: Socket, note: WorkerNote): void {
  if (socket.writable) socket.write(`${JSON.stringify(note)}\n`)
}
