import { lstat, mkdir, mkdtemp, copyFile, readdir, readlink, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectFiles } from '../lib/files.ts'

/**
 * Copies the project to a folder of its own, where bugs can be planted.
 *
 * Third-party packages are linked; the packages of this workspace are the copies, so that none of
 * the tests there runs a source from here.
 * @returns the folder
 */
export async function copyProject(root: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cuedot-mutants-'))
  for (const path of projectFiles(root)) {
    const to = join(folder, path)
    await mkdir(dirname(to), { recursive: true })
    await copyFile(join(root, path), to)
  }
  await linkModules(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

async function linkModules(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of await readdir(from)) {
    const path = join(from, name)
    // npm links a package of the workspace by a relative path: here that leads to its copy.
    if ((await lstat(path)).isSymbolicLink()) await symlink(await readlink(path), join(to, name))
    else if (name.startsWith('@')) await linkModules(path, join(to, name))
    // What tools keep there between two runs is not for two projects.
    else if (!name.startsWith('.') || name === '.bin') await symlink(path, join(to, name))
  }
}
