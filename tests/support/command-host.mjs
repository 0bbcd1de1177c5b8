// A process that runs commands of the built command line one after another, with its modules loaded once: the start of Node and
// the loading of two hundred files are most of a short command. tests/support/cli.ts speaks to it, and falls back on a process
// for each command (EVIDENCE_TEST_COMMANDS=processes) where this process itself could be what makes a test pass.
// An uncaught error or process.exit() ends this process, as it would end the command's own.
import { run } from '../../dist/cli/run.js'
import { createProgram } from '../../dist/cli/program.js'

const ours = { cwd: process.cwd(), umask: process.umask() }
const streams = [process.stdout, process.stderr]
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** What keeps this process alive: seen from a timer, so that it is always seen in the same way. */
const alive = () =>
  new Promise((resolve) => {
    setTimeout(() => resolve(process.getActiveResourcesInfo().sort().join()), 1)
  })

/** A process of its own would end only when nothing is left open: a command that leaves something open does not end here either. */
async function untilNothingIsOpen(before) {
  while ((await alive()) !== before);
}

const written = (stream, text) => new Promise((resolve) => stream.write(text, resolve))

async function command({ args, cwd, env, umask, end }) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  process.chdir(cwd ?? ours.cwd)
  process.argv.splice(2, process.argv.length, ...args)
  process.exitCode = undefined
  if (umask !== undefined) process.umask(umask)
  const before = await alive()
  await run(createProgram)
  await untilNothingIsOpen(before)
  const code = process.exitCode ?? 0
  for (const name of signals) process.removeAllListeners(name)
  for (const stream of streams) stream.removeAllListeners('error')
  process.exitCode = undefined
  process.umask(ours.umask)
  process.chdir(ours.cwd)
  await Promise.all(streams.map((stream) => written(stream, end)))
  process.send({ code })
}

process.on('message', (message) => void command(message))
// The test has ended, whatever became of it.
process.on('disconnect', () => process.exit(0))
process.send('ready')
