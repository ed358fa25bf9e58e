import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { copyFile, glob, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { privateApt } from '../debian.ts'
import type { PrivateApt } from '../debian.ts'

const run = promisify(execFile)

/** The last version of Kubernetes that Debian has the whole source of. */
export const KUBERNETES_VERSION = '1.20.2'

/** The suite with that source, and with the compiler that it builds with. */
const SUITE = 'bookworm'

/** Far more than the compiler takes on one core. */
const LIMIT_MS = 3_600_000

/** The package that the sources call themselves. */
const KUBERNETES = 'k8s.io/kubernetes'

/**
 * Fills a new folder with etcd and kubectl from Debian, and with kube-apiserver and
 * kube-controller-manager, built from Debian's source package. Needs 2.5 GB for temporary files
 * while it builds; nothing of the system changes.
 * @param say - gets a line before everything that takes long
 */
export async function buildKubernetes(folder: string, say: (line: string) => void): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'cuedot-kubernetes-build-'))
  try {
    await using apt = await privateApt({ suite: SUITE, sources: true })
    say(`fetching etcd, kubectl, Go and the source of Kubernetes ${KUBERNETES_VERSION}`)
    const debian = join(work, 'debian')
    await apt.extract(['etcd-server', 'kubernetes-client', 'golang-1.19-go'], debian)
    await mkdir(folder)
    for (const program of ['etcd', 'kubectl'])
      await copyFile(join(debian, 'usr/bin', program), join(folder, program))
    await unpack(apt, work)
    say('building kube-apiserver and kube-controller-manager: some minutes, once')
    const compiler = compilerIn(work)
    await generateOpenapi(compiler)
    await compiler.build(folder, PROGRAMS, VERSION_FLAGS)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const PROGRAMS = ['./cmd/kube-apiserver', './cmd/kube-controller-manager']

/** kubectl and clients ask servers for it. */
const VERSION_FLAGS = ['client-go/pkg/version', 'component-base/version'].flatMap((place) => {
  const [major = '', minor = ''] = KUBERNETES_VERSION.split('.')
  const facts = { gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor }
  return Object.entries(facts).map(
    ([name, value]) => `-X ${KUBERNETES}/vendor/k8s.io/${place}.${name}=${value}`,
  )
})

/** GOPATH mode takes what the sources bring along; as a module they ask for updates. */
async function unpack(apt: PrivateApt, work: string): Promise<void> {
  const tree = treeIn(work)
  await mkdir(tree, { recursive: true })
  await apt.source('kubernetes', work)
  const [archive] = globSync(join(work, 'kubernetes_*.orig.tar.gz'))
  if (archive === undefined) throw new Error('the source package has no archive')
  const how = ['--extract', '--gzip', '--no-same-owner', '--strip-components=1']
  await run('tar', [...how, '--file', archive, '--directory', tree], { timeout: LIMIT_MS })
}

function treeIn(work: string): string {
  return join(work, 'gopath/src', KUBERNETES)
}

/** Go, on the tree of the sources. */
interface Compiler {
  readonly tree: string
  readonly env: NodeJS.ProcessEnv
  build(into: string, packages: readonly string[], flags?: readonly string[]): Promise<void>
}

function compilerIn(work: string): Compiler {
  const root = join(work, 'debian/usr/lib/go-1.19')
  const tree = treeIn(work)
  const env = {
    ...{ PATH: `${join(root, 'bin')}:/usr/bin:/bin`, HOME: work, TMPDIR: work, LC_ALL: 'C' },
    ...{ GOROOT: root, GOPATH: join(work, 'gopath'), GOCACHE: join(work, 'cache') },
    ...{ GO111MODULE: 'off', GOPROXY: 'off', GOFLAGS: '', CGO_ENABLED: '0' },
  }
  return {
    tree,
    env,
    async build(into, packages, flags = []) {
      const linker = ['-s', '-w', ...flags].join(' ')
      // Without the clients of the clouds there is a third less to compile.
      const args = ['build', '-tags', 'providerless', '-ldflags', linker, '-o', `${into}/`]
      await run(join(root, 'bin/go'), [...args, ...packages], { cwd: tree, env, timeout: LIMIT_MS })
    },
  }
}

/** The one generated file that the archive lacks: the descriptions of all types of the API. */
async function generateOpenapi({ tree, env, build }: Compiler): Promise<void> {
  const tools = join(tree, '_output')
  await mkdir(tools)
  await build(tools, ['./vendor/k8s.io/kube-openapi/cmd/openapi-gen'])
  const packages = await describedPackages(tree)
  const args = [
    ...['--input-dirs', packages.join(','), '--output-file-base', 'zz_generated.openapi'],
    ...['--output-package', `${KUBERNETES}/pkg/generated/openapi`],
    ...['--go-header-file', 'vendor/k8s.io/code-generator/hack/boilerplate.go.txt'],
    ...['--report-filename', join(tools, 'violations')],
  ]
  await run(join(tools, 'openapi-gen'), args, { cwd: tree, env, timeout: LIMIT_MS })
}

const MARK = /^\/\/ \+k8s:openapi-gen=true/m

/** Packages that ask for a description, but the examples. */
async function describedPackages(tree: string): Promise<readonly string[]> {
  const staging = join(tree, 'staging/src')
  const found = new Set<string>()
  for await (const file of glob(join(staging, 'k8s.io/*/**/*.go'))) {
    const place = relative(staging, dirname(file))
    if (found.has(place) || /^k8s\.io\/(?:code-generator|sample-apiserver)\b/.test(place)) continue
    if (MARK.test(await readFile(file, 'utf8'))) found.add(place)
  }
  return [...found].toSorted().map((place) => `${KUBERNETES}/vendor/${place}`)
}
