import { writeFile } from 'node:fs/promises'
import { runtimeConformance } from '../../testkit/src/conformance/runtime.ts'
import type { RollCourse } from '../../testkit/src/conformance/runtime.ts'
import { noRuntime } from '../src/adapters/runtimes/none.ts'
import { command, health, readOrEmpty, script, serve } from './runtime-tools.ts'

runtimeConformance('a command', async () => {
  const restart = await script(
    'echo "$CUEDOT_ROLL" >> rolls; case $(cat course) in ' +
      'failed) echo no such service >&2; exit 3;; endless) exec sleep 600;; esac',
  )
  const { path, file } = restart
  await writeFile(file('course'), 'done')
  const made: { stop(): Promise<void> }[] = []
  return {
    create: () => {
      const runtime = command(path, { limitMs: 1500 })
      made.push(runtime)
      return runtime
    },
    setCourse: (course) => writeFile(file('course'), course),
    begun: async () => (await readOrEmpty(file('rolls'))).split('\n').length - 1,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(made.map((runtime) => runtime.stop()))
      await restart[Symbol.asyncDispose]()
    },
  }
})

runtimeConformance(
  'none',
  () =>
    Promise.resolve({
      create: () => noRuntime({ id: 'none' }),
      setCourse: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  { courses: ['done'], remembers: false },
)

runtimeConformance('a health page', async () => {
  let course: RollCourse = 'done'
  const page = await serve((_request, response) => {
    if (course !== 'endless') response.writeHead(course === 'done' ? 200 : 503).end()
  })
  return {
    create: () => health(page.url, { limitMs: 300, timeoutMs: 50 }),
    setCourse: (next) => {
      course = next
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
})
