// A reporter of the test runner: names what ran in its short form, what was left out, and why, as the last thing that is printed.
// In CI nothing may be left out.
import { harnesses, isShort } from '../tests/support/long.ts'

/** Why tests may have been left out, on this machine. */
function reasons() {
  const missing = (process.env.EVIDENCE_MISSING_TOOLS ?? '').split(',').filter((name) => name !== '')
  return [
    ...(missing.length > 0 ? [`these programs are missing: ${missing.join(', ')}`] : []),
    ...(process.platform === 'linux' ? [] : ['this is not Linux']),
    ...(process.getuid?.() === 0 ? [] : ['we are not root, who alone may mount a small disk']),
  ]
}

/** What the short form of the tests has less than the long one. */
function tellShort(modules) {
  if (!isShort()) return
  const ran = new Set(modules.map((module) => module.relativeModuleId))
  const lines = Object.entries(harnesses).flatMap(([file, { sizes = {}, leftOut }]) => {
    if (leftOut !== undefined) return [`  ${file}: LEFT OUT (${leftOut})`]
    const counts = Object.entries(sizes).map(([name, { short, long }]) => `${short} of ${long} ${name}`)
    return ran.has(file) ? [`  ${file}: ${counts.join(', ')}`] : []
  })
  process.stderr.write(
    `\nSHORT FORM of ${lines.length} harnesses; "npm test -- --long" runs all of each, as CI does:\n`,
  )
  process.stderr.write(`${lines.join('\n')}\n`)
}

export default class NotRun {
  onTestRunEnd(modules) {
    // Tests that an option of the command line left out were left out by the user.
    if (process.argv.some((argument) => argument === '-t' || argument.startsWith('--testNamePattern'))) return
    tellShort(modules)
    const counts = modules
      .map((module) => [module.relativeModuleId, [...module.children.allTests('skipped')].length])
      .filter(([, count]) => count > 0)
    if (counts.length === 0) return
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    process.stderr.write(`\nNOT RUN: ${total} tests; ${reasons().join('; ') || 'no reason is known'}\n`)
    for (const [name, count] of counts) process.stderr.write(`  ${name}: ${count}\n`)
    if (process.env.CI === 'true') {
      process.stderr.write('in CI nothing may be left out\n')
      process.exitCode = 1
    } else
      process.stderr.write(
        'EVIDENCE_INSTALL_TOOLS=1 npm test installs what is missing (apt-get as root on Debian, and PyPI)\n',
      )
  }
}
