import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import { expect, test } from 'vitest'
import { isLoopback, isTlsErrorCode, verifiedTls } from './tls.ts'

const pem = rootCertificates[0]!
const remote = { host: 'db.example.com', port: 5432 }
const named = (dns: string): PeerCertificate =>
  ({ subject: { CN: dns }, subjectaltname: `DNS:${dns}` }) as PeerCertificate

test.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LocalHost'])(
  '%s is loopback',
  (host) => {
    expect(isLoopback(host)).toBe(true)
  },
)

test.each(['128.0.0.1', '10.0.0.1', '::2', 'localhost.example.com', '127.0.0.1.nip.io', ''])(
  '%j is not loopback',
  (host) => {
    expect(isLoopback(host)).toBe(false)
  },
)

test('plaintext is refused for a host that is not loopback', async () => {
  await expect(verifiedTls({ mode: 'off' }, remote)).rejects.toMatchObject({ code: 'ERR_DB_TLS' })
})

test('plaintext to loopback needs no options', async () => {
  expect(await verifiedTls({ mode: 'off' }, { host: '127.0.0.1', port: 1 })).toBeUndefined()
})

test('trusts the CAs of Node, of RDS and the given ones', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-ca-'))
  const caFile = join(dir, 'ca.pem')
  await writeFile(caFile, `from file\n${pem}`)
  const plain = await verifiedTls({ mode: 'verify' }, remote)
  const more = await verifiedTls({ mode: 'verify', ca: `given\n${pem}`, caFile }, remote)
  await rm(dir, { recursive: true })
  expect(plain?.ca).toContain(pem)
  expect(plain?.ca.length).toBeGreaterThan(rootCertificates.length + 50)
  expect(more?.ca.slice(-2)).toEqual([`given\n${pem}`, `from file\n${pem}`])
  expect(more?.ca).toHaveLength((plain?.ca.length ?? 0) + 2)
})

test('a CA file that cannot be read is named', async () => {
  const reading = verifiedTls({ mode: 'verify', caFile: '/nowhere/ca.pem' }, remote)
  await expect(reading).rejects.toMatchObject({
    code: 'ERR_DB_TLS',
    details: { reason: 'cannot read the CA file /nowhere/ca.pem' },
  })
})

test('the certificate is checked against the host, whatever the driver says', async () => {
  const tls = await verifiedTls({ mode: 'verify' }, remote)
  expect(tls?.servername).toBe('db.example.com')
  expect(tls?.checkServerIdentity('evil.example.com', named('db.example.com'))).toBeUndefined()
  expect(tls?.checkServerIdentity('evil.example.com', named('evil.example.com'))).toBeInstanceOf(
    Error,
  )
})

test('the server name takes the place of the host', async () => {
  const tls = await verifiedTls({ mode: 'verify', serverName: 'real.example.com' }, remote)
  expect(tls?.checkServerIdentity('', named('real.example.com'))).toBeUndefined()
  expect(tls?.checkServerIdentity('', named('db.example.com'))).toBeInstanceOf(Error)
})

test('an address is not sent as server name', async () => {
  const tls = await verifiedTls({ mode: 'verify' }, { host: '10.0.0.1', port: 1 })
  expect(tls).not.toHaveProperty('servername')
})

test.each(['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER'])(
  '%s is a failure of TLS',
  (code) => {
    expect(isTlsErrorCode(code)).toBe(true)
  },
)

test.each(['ECONNREFUSED', 'ETIMEDOUT', '28P01', ''])('%j is no failure of TLS', (code) => {
  expect(isTlsErrorCode(code)).toBe(false)
})
