/** Writes events into the audit file that its argument names, until it is killed. */
import { AuditSink } from '../src/adapters/audit/sink.ts'

const path = process.argv[2] ?? ''
const now = (): Date => new Date()
const sink = new AuditSink({ path, run: 'a run', by: 'a test', reason: 'to be killed', now })
process.stdout.write('begins\n')
for (let n = 0; sink.trouble === undefined; n++) {
  const at = now().toISOString()
  sink.emit({ code: 'RETRYING', at, target: 'app', error: 'ERR_DEADLINE', inMs: n, attempt: n })
}
process.stdout.write(`${sink.trouble.message}\n`)
