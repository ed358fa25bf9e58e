import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Folders that hold servers but often are not on the path of a normal user. */
const SERVER_FOLDERS: readonly string[] = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/opt/homebrew/bin',
  '/usr/local/bin',
]

/** The first executable of that name on the path or in a folder for servers; else `undefined`. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders, ...path, ...SERVER_FOLDERS]
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
