// Goal: what the image holds and how it is started rotates an OpenEMR as the package does.
// Method: the Dockerfile's own words, carried out in a folder that has no node_modules above it.
import { access, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeOpenemrImage } from '../../testkit/src/openemr/image.ts'
import type { OpenemrImage } from '../../testkit/src/openemr/image.ts'
import { cuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import { lastLine, openemrOnEcs, useMariadb } from './openemr-fixture.ts'

const on = useMariadb()
let image: OpenemrImage
beforeAll(async () => {
  image = await makeOpenemrImage()
})
afterAll(() => image[Symbol.asyncDispose]())

/** A container that is told nothing but its environment. */
async function container(env: Readonly<Record<string, string>>): Promise<CliResult> {
  const { entryPoint: program, command } = image
  return await cuedot(command, { cwd: '/', env, program })
}

describe('the image of the rotation task of OpenEMR', () => {
  test('rotates the slots and the admin, as its entry point says', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const ended = await container(it.env)
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(lastLine(ended)).toMatchObject({
      ...{ status: 'ok', dry_run: false, outcome: 'rotated', active_slot: 'B', admin: 'rotated' },
    })
    const { served, failed } = await it.world.report()
    expect(failed).toEqual([])
    expect(served).toBeGreaterThan(0)
  })

  test('knows how it talks to a cluster whose pod it is not in', async () => {
    await using it = await openemrOnEcs(on(), { at: 'on-a' })
    const { OPENEMR_ECS_CLUSTER: _, OPENEMR_ECS_SERVICE: __, ...env } = it.env
    const names = { K8S_NAMESPACE: 'x', K8S_DEPLOYMENT_NAME: 'y', K8S_SECRET_NAME: 'z' }
    const ended = await container({ ...env, ...names, KUBECONFIG: '/nowhere' })
    expect(ended.code).toBe(1)
    expect(lastLine(ended)['error']).toContain('@kubernetes/client-node')
  })

  test('has a licence for each package in it, and its own version', async () => {
    const scopes = await readdir(join(image.folder, 'licenses'))
    for (const name of ['mysql2@', 'pg@', 'php-parser@', 'zod@'])
      expect(scopes.some((scope) => scope.startsWith(name))).toBe(true)
    await access(join(image.folder, 'LICENSE'))
    const manifest: { version: string } = JSON.parse(
      await readFile(join(image.folder, 'package.json'), 'utf8'),
    )
    const program = image.entryPoint.slice(0, -1)
    const { stdout } = await cuedot(['--version'], { cwd: '/', program })
    expect(stdout.trim()).toBe(manifest.version)
  })

  test('loads nothing that is not in its folder', async () => {
    const files = await readdir(join(image.folder, 'dist/cli'))
    const named = new Set<string>()
    for (const file of files) {
      const text = await readFile(join(image.folder, 'dist/cli', file), 'utf8')
      for (const [, name = ''] of text.matchAll(/^import .*?["']([^"'.][^"']*)["'];?$/gm))
        named.add(name.replace(/^node:/, ''))
    }
    const { builtinModules } = await import('node:module')
    expect([...named].filter((name) => !builtinModules.includes(name))).toEqual([])
  })
})
