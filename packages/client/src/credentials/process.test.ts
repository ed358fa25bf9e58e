// Goal: credentials keep a process alive exactly while somebody waits. Method: processes of their
// own, which have nothing else to do.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Runs a program with `createCredentials` and a source; resolves with what it printed. */
async function printed(program: string): Promise<string> {
  const source = `
    import { createCredentials } from '@cuedot/client'
    const secret = JSON.stringify({ username: 'app', password: 'canary' })
    let asked = 0
    const answers = async () => ({ versionId: String(++asked), value: secret })
    const failsTwice = async () => { if (++asked < 3) throw new Error('down'); return answers() }
    ${program}`
  const args = ['--conditions=cuedot-source', '--input-type=module', '-e', source]
  const child = spawn(process.execPath, args, { cwd: HERE, stdio: ['ignore', 'pipe', 'inherit'] })
  return await text(child.stdout)
}

test('a process that has its credential and nothing else to do ends', async () => {
  const said = await printed(`
    const credentials = createCredentials(answers)
    const { versionId } = await credentials.get()
    await credentials.refresh()
    console.log(versionId, credentials.current.versionId)`)
  expect(said).toBe('1 2\n')
})

test('a process that waits for its first credential stays until it has come', async () => {
  const said = await printed(`
    const { credential } = await createCredentials(failsTwice).get()
    console.log(asked, String(credential.password))`)
  expect(said).toBe('4 [password of the single user]\n')
})

test('a process that waits for nobody does not stay for a store that is down', async () => {
  const said = await printed(`
    createCredentials(async () => { throw new Error('down') }).on('trouble', ({ error }) => {
      console.log(error.code)
    })`)
  expect(said).toBe('ERR_SOURCE\n')
})
