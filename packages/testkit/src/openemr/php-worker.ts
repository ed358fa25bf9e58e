/**
 * A worker of an application that is PHP-FPM with opcache: each request is a page of PHP that
 * requires sqlconf.php, logs in to the database over verified TLS and writes a row. Run as a task
 * of its own: `node php-worker.ts <settings as JSON>`; prints `ready` when it serves. On SIGTERM it
 * takes no more requests, has FPM finish what it has, and leaves. Each end of a request is a line
 * of the report: `served as USER by TASK`, `failed CODE as USER by TASK`.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { askFastcgi } from '../servers/fastcgi.ts'

/** What it is started with. */
export interface PhpWorkerSettings {
  /** PHP-FPM and its first arguments. */
  readonly fpm: readonly [string, ...string[]]
  readonly sqlconf: string
  readonly caFile: string
  readonly report: string
  /** Settings of opcache, as `validate_timestamps=0`. */
  readonly opcache: readonly string[]
}

/** Between two requests of one worker. */
const PACE_MS = 40

/** To PHP `localhost` means a Unix socket, whatever the port is. */
const PAGE = `<?php
require $_SERVER['SQLCONF'];
mysqli_report(MYSQLI_REPORT_OFF);
foreach (['host', 'port', 'login', 'pass', 'dbase'] as $key)
  if (isset($$key) && (string) $$key !== (string) $sqlconf[$key]) die("failed $key as nobody");
$at = $sqlconf['host'] === 'localhost' ? '127.0.0.1' : $sqlconf['host'];
$db = mysqli_init();
mysqli_ssl_set($db, null, null, $_SERVER['CA'], null, null);
mysqli_options($db, MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, true);
$done = mysqli_real_connect($db, $at, $sqlconf['login'], $sqlconf['pass'], $sqlconf['dbase'],
  (int) $sqlconf['port'], null, MYSQLI_CLIENT_SSL)
  && mysqli_query($db, 'INSERT INTO visit VALUES (1)');
$code = mysqli_connect_errno() ?: mysqli_errno($db);
echo $done ? 'served' : "failed $code", " as $sqlconf[login]";
`

const settings: PhpWorkerSettings = JSON.parse(process.argv[2] ?? '{}')
const state = { stopped: false }
process.once('SIGTERM', () => {
  state.stopped = true
})

// Beside the report: whoever is killed leaves nothing that does not go with the world.
const dir = await mkdtemp(join(dirname(settings.report), 'php-'))
const [page, socket] = [join(dir, 'page.php'), join(dir, 'fpm.sock')]
await writeFile(page, PAGE)
const fpm = await startFpm()
await request()
console.log('ready')
while (!state.stopped) {
  await request()
  await pause(PACE_MS)
}
const ended = once(fpm, 'exit')
fpm.kill('SIGQUIT')
if (fpm.exitCode === null && fpm.signalCode === null) await ended
await rm(dir, { recursive: true, force: true })
process.exit(0)

async function request(): Promise<void> {
  const { sqlconf: SQLCONF, caFile: CA, report } = settings
  const cgi = { REQUEST_METHOD: 'GET', SCRIPT_FILENAME: page, SCRIPT_NAME: '/page.php' }
  const answer = await askFastcgi(socket, { ...cgi, SQLCONF, CA }).catch(() => '')
  const said = /(?:served|failed \w+) as \S+$/.exec(answer)?.[0] ?? 'failed php as nobody'
  appendFileSync(report, `${said} by ${process.pid}\n`)
}

/** Its own process group, which ends with this process however that ends. */
async function startFpm(): Promise<ChildProcess> {
  const config = join(dir, 'fpm.conf')
  const user = process.getuid?.() === 0 ? `user = ${userInfo().username}\n` : ''
  await writeFile(
    config,
    `[global]\nerror_log = ${dir}/fpm.log\ndaemonize = no\n[app]\n${user}listen = ${socket}\n` +
      'pm = static\npm.max_children = 2\ncatch_workers_output = yes\n',
  )
  const [program, ...args] = settings.fpm
  const opcache = ['enable=1', ...settings.opcache].flatMap((one) => ['-d', `opcache.${one}`])
  const child = spawn(program, [...args, ...opcache, '-R', '-O', '-y', config], {
    ...{ cwd: dir, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  watchOver(child.pid ?? 0)
  // Nobody can be served any more; a task that has ended is started again.
  child.once('exit', (code) => void (state.stopped || process.exit(code === 0 ? 1 : (code ?? 1))))
  const { promise, resolve } = Promise.withResolvers<void>()
  const seen = { text: '' }
  child.stderr?.on('data', (chunk: Buffer) => {
    seen.text = (seen.text + chunk.toString('utf8')).slice(-10_000)
    if (seen.text.includes('ready to handle connections')) resolve()
  })
  await promise
  return child
}

/** FPM's own workers go on when their parent is killed; a pipe ends with whoever holds it. */
function watchOver(group: number): void {
  const end = `try { process.kill(-${group}, 'SIGKILL') } catch {}`
  const watch = `process.stdin.resume().once('end', () => { ${end} })`
  spawn(process.execPath, ['-e', watch], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
}
