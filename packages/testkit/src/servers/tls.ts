import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Certificates for test servers; they last as long as the folder, which `await using` removes. */
export interface TestTls extends AsyncDisposable {
  /** Folder that holds the files. */
  readonly dir: string
  /** The CA that signed the server's certificate, as PEM text. */
  readonly ca: string
  readonly caFile: string
  /** Certificate for the DNS name `localhost` and the address 127.0.0.1. */
  readonly certFile: string
  /** Private key of the certificate, PKCS#8 PEM, mode 0600. */
  readonly keyFile: string
  /** A CA that signed nothing, as PEM text. */
  readonly untrustedCa: string
}

/** Makes a CA, a server certificate and a CA nobody should trust. Needs the `openssl` program. */
export async function makeTestTls(): Promise<TestTls> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-tls-'))
  const file = (name: string): string => join(dir, name)
  await Promise.all([makeCa(dir, 'ca'), makeCa(dir, 'untrusted'), makeRequest(dir)])
  await writeFile(
    file('server.ext'),
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n',
  )
  await openssl(dir, [
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
    ...['-CAcreateserial', '-days', '30', '-extfile', 'server.ext', '-out', 'server.pem'],
  ])
  return {
    dir,
    ca: await readFile(file('ca.pem'), 'utf8'),
    caFile: file('ca.pem'),
    certFile: file('server.pem'),
    keyFile: file('server.key'),
    untrustedCa: await readFile(file('untrusted.pem'), 'utf8'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function makeCa(dir: string, name: string): Promise<void> {
  await openssl(dir, [
    ...['req', '-x509', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.pem`],
    ...['-days', '30', '-subj', `/CN=cuedot test CA (${name})`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ])
}

async function makeRequest(dir: string): Promise<void> {
  await openssl(dir, [
    ...['req', '-new', ...NEW_KEY, '-keyout', 'server.key', '-out', 'server.csr'],
    ...['-subj', '/CN=localhost'],
  ])
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  await run('openssl', [...args], { cwd })
}
