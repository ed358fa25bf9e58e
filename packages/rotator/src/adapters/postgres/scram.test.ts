import { createHash, createHmac } from 'node:crypto'
import { Sensitive } from '@cuedot/client/protocol'
import { expect, test } from 'vitest'
import { isVerifier, scramVerifier } from './scram.ts'

const of = (text: string) => new Sensitive(text, 'test password')

/** The exchange in RFC 7677 section 3, whose password is "pencil". */
const RFC = {
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  messages:
    'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientProof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverSignature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

test('the server key signs the exchange in RFC 7677 as printed there', async () => {
  const verifier = await scramVerifier(of('pencil'), Buffer.from(RFC.salt, 'base64'))
  expect(verifier.startsWith(`SCRAM-SHA-256$4096:${RFC.salt}$`)).toBe(true)
  const serverKey = Buffer.from(verifier.split(':')[2]!, 'base64')
  const signature = createHmac('sha256', serverKey).update(RFC.messages).digest('base64')
  expect(signature).toBe(RFC.serverSignature)
})

test('the stored key takes the proof in RFC 7677 as printed there', async () => {
  const verifier = await scramVerifier(of('pencil'), Buffer.from(RFC.salt, 'base64'))
  const storedKey = verifier.split('$')[2]!.split(':')[0]!
  const hmac = createHmac('sha256', Buffer.from(storedKey, 'base64'))
  const signature = hmac.update(RFC.messages).digest()
  const proof = Buffer.from(RFC.clientProof, 'base64')
  const clientKey = proof.map((byte, index) => byte ^ signature[index]!)
  expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey)
})

test('two verifiers of one password differ by their salt', async () => {
  expect(await scramVerifier(of('same'))).not.toBe(await scramVerifier(of('same')))
})

test('every verifier has the shape that the server does not mistake for a password', async () => {
  for (const text of ['x', 'ünïcødé', ':$', ' '.repeat(200)])
    expect(isVerifier(await scramVerifier(of(text)))).toBe(true)
})

test('characters with the same meaning give the same verifier', async () => {
  const salt = Buffer.alloc(16, 7)
  const pairs = [
    ['ﬁ', 'fi'],
    ['a\u00a0b', 'a b'],
    ['a\u00adb', 'ab'],
  ] as const
  for (const [one, other] of pairs)
    expect(await scramVerifier(of(one), salt)).toBe(await scramVerifier(of(other), salt))
})

test.each([
  'SCRAM-SHA-256$4096:abc$def:ghi',
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$short:short',
  'md5d41d8cd98f00b204e9800998ecf8427e',
  '',
])('%j is not taken for a verifier', (text) => {
  expect(isVerifier(text)).toBe(false)
})
