// `docker build`, `run` and `stop` for a machine without Docker (tests/support/sandbox.ts): the steps of the Dockerfile are run in a
// folder with chroot, on the programs of this machine in the place of the base image; a container is a process with own mounts, a
// read-only root, and the user, volumes and rights that image and command line ask for. Images lie in $SCRATCH/images.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const { SCRATCH: scratch, PROJECT: project } = process.env
const images = join(scratch, 'images')
const volumes = join(scratch, 'volumes')

function must(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (status !== 0) {
    process.stderr.write(`docker: ${command} ${args.join(' ')} ended with ${status}\n`)
    process.exit(1)
  }
}

/** A root with the machine's programs, and nothing else of it. */
function baseImage(root) {
  for (const name of ['usr', 'tmp', 'proc', 'dev', 'shims', 'run', 'var', 'root', 'opt'])
    mkdirSync(join(root, name), { recursive: true })
  for (const name of ['bin', 'lib', 'lib64', 'sbin'])
    if (existsSync(`/usr/${name}`)) symlinkSync(`usr/${name}`, join(root, name))
  must('cp', ['-a', '/etc', root])
  must('chmod', ['1777', join(root, 'tmp')])
  for (const [from, to] of [
    ['/usr', 'usr'],
    ['/proc', 'proc'],
    ['/dev', 'dev'],
    [join(scratch, 'shims'), 'shims'],
  ])
    must('mount', ['--rbind', from, join(root, to)])
  must('mount', ['-o', 'remount,bind,ro', join(root, 'usr')])
  if (spawnSync('cp', ['-al', join(project, 'node_modules'), join(root, '.packages')]).status !== 0) {
    rmSync(join(root, '.packages'), { recursive: true, force: true })
    must('cp', ['-a', join(project, 'node_modules'), join(root, '.packages')])
  }
  // The one file that npm writes over.
  rmSync(join(root, '.packages', '.package-lock.json'))
  cpSync(join(project, 'node_modules', '.package-lock.json'), join(root, '.packages', '.package-lock.json'))
}

/** What the build sees of the folder: without what .dockerignore names. */
function contextOf(folder) {
  const context = join(images, 'context')
  must('cp', ['-a', folder, context])
  for (const line of readFileSync(join(folder, '.dockerignore'), 'utf8').split('\n')) {
    if (line.startsWith('**/')) must('find', [context, '-name', line.slice(3), '-delete'])
    else if (line !== '') rmSync(join(context, line), { recursive: true, force: true })
  }
  return context
}

function build(tag, folder) {
  mkdirSync(images, { recursive: true })
  const context = contextOf(folder)
  const text = readFileSync(join(folder, 'Dockerfile'), 'utf8')
  const steps = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages = new Map()
  let stage
  for (const step of steps) {
    const [, word, rest] = /^\s*(\w+)\s+(.*)$/.exec(step)
    const shell = (script) =>
      must('chroot', [
        stage.root,
        '/usr/bin/env',
        '-C',
        stage.workdir,
        `PATH=/shims:/usr/sbin:/usr/bin`,
        ...stage.env,
        '/bin/sh',
        '-ec',
        script,
      ])
    switch (word) {
      case 'ARG':
        break
      case 'FROM': {
        const root = join(images, `stage-${stages.size}`)
        stage = { root, workdir: '/', env: [], user: '0:0', volumes: [], entrypoint: [], cmd: [] }
        stages.set(/ AS (\w+)$/i.exec(rest)?.[1] ?? tag, stage)
        baseImage(root)
        break
      }
      case 'WORKDIR':
        stage.workdir = rest
        mkdirSync(join(stage.root, rest), { recursive: true })
        break
      case 'ENV':
        stage.env.push(...rest.split(' '))
        break
      case 'COPY': {
        const words = rest.split(' ')
        const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice(7)).root : context
        const to = join(stage.root, resolve(stage.workdir, words.pop()))
        for (const word of words) {
          const source = join(from, word)
          // Of a folder its content is copied, as Docker does it.
          const isFolder = spawnSync('test', ['-d', source]).status === 0
          mkdirSync(isFolder ? to : to.slice(0, to.lastIndexOf('/') + 1), { recursive: true })
          must('cp', ['-a', isFolder ? `${source}/.` : source, to])
        }
        break
      }
      case 'RUN':
        shell(rest)
        break
      case 'USER':
        stage.user = rest
        break
      case 'VOLUME':
        stage.volumes.push(rest)
        break
      case 'ENTRYPOINT':
        stage.entrypoint = JSON.parse(rest)
        break
      case 'CMD':
        stage.cmd = JSON.parse(rest)
        break
      case 'HEALTHCHECK':
        stage.health = JSON.parse(/CMD (.*)$/.exec(rest)[1])
        break
      case 'EXPOSE':
      case 'STOPSIGNAL':
        break
      default:
        throw new Error(`the instruction ${word} is not known here`)
    }
  }
  rmSync(join(stage.root, '.packages'), { recursive: true, force: true })
  writeFileSync(join(images, `${tag}.json`), JSON.stringify(stage))
}

function run(args) {
  const asked = { env: [], mounts: [], tmpfs: [], isReadOnly: false, isDetached: false, name: undefined, rights: [] }
  const value = { '--name': 'name', '--tmpfs': 'tmpfs', '-v': 'mounts', '-e': 'env' }
  while (args[0].startsWith('-')) {
    const option = args.shift()
    if (option === '--rm') continue
    if (option === '-d') asked.isDetached = true
    else if (option === '--read-only') asked.isReadOnly = true
    else {
      const given = args.shift()
      const key = value[option]
      if (key === 'name') asked.name = given
      else if (key !== undefined) asked[key].push(given)
      else if (option === '--cap-drop' && given === 'ALL') asked.rights.push('--bounding-set=-all', '--inh-caps=-all')
      else if (option === '--security-opt' && given === 'no-new-privileges') asked.rights.push('--no-new-privs')
      else if (!['--ulimit', '--memory', '-p'].includes(option)) throw new Error(`${option} is not known here`)
    }
  }
  const image = JSON.parse(readFileSync(join(images, `${args.shift()}.json`), 'utf8'))
  const { root } = image
  const lines = [`mount --rbind ${root} ${root}`]
  if (asked.isReadOnly) lines.push(`mount -o remount,bind,ro ${root}`)
  for (const mount of asked.mounts) {
    const [from, to, how] = mount.split(':')
    const source = from.startsWith('/') ? from : join(volumes, from)
    // A new volume begins as the image has the folder.
    if (!existsSync(source)) {
      mkdirSync(volumes, { recursive: true })
      must('cp', ['-a', join(root, to), source])
    }
    if (!existsSync(join(root, to))) mkdirSync(join(root, to), { recursive: true })
    lines.push(`mount --bind ${source} ${root}${to}`)
    if (how === 'ro') lines.push(`mount -o remount,bind,ro ${root}${to}`)
  }
  for (const one of asked.tmpfs)
    lines.push(`mount -t tmpfs -o mode=1777,${one.split(':')[1]} none ${root}${one.split(':')[0]}`)
  const [uid, gid] = image.user.split(':')
  const command = [...image.entrypoint, ...(args.length > 0 ? args : image.cmd)]
  const inside = [
    'setpriv',
    '--reuid',
    uid,
    '--regid',
    gid,
    '--clear-groups',
    ...asked.rights,
    'env',
    '-i',
    '-C',
    image.workdir,
  ]
  lines.push(`exec chroot ${root} "$@"`)
  const all = [...inside, 'PATH=/usr/bin', ...image.env, ...asked.env, ...command]
  const argv = ['--mount', '--propagation', 'private', '/bin/sh', '-euc', lines.join('\n'), 'sh', ...all]
  if (!asked.isDetached) return process.exit(spawnSync('unshare', argv, { stdio: 'inherit' }).status)
  const log = openSync(join(scratch, `${asked.name}.log`), 'a')
  const child = spawn('unshare', argv, { stdio: ['ignore', log, log], detached: true })
  writeFileSync(join(scratch, `${asked.name}.pid`), String(child.pid))
  child.unref()
}

function stop(name) {
  const pid = Number(readFileSync(join(scratch, `${name}.pid`), 'utf8'))
  process.kill(pid, 'SIGTERM')
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    spawnSync('sleep', ['0.1'])
}

const [verb, ...rest] = process.argv.slice(2)
if (verb === 'build' && rest[0] === '-t') build(rest[1], resolve(rest[2]))
else if (verb === 'run') run(rest)
else if (verb === 'stop') stop(rest.at(-1))
else throw new Error(`docker ${verb} is not known here`)
