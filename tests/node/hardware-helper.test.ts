import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

describe.skipIf(process.platform === 'win32')('the process of a key in hardware', () => {
  it('R5 that cannot be started is a refusal, and nobody waits for its end', () => {
    const folder = temporaryFolder()
    try {
      const [pin, path] = [join(folder.path, 'pin'), join(folder.path, 'program.mjs')]
      writeFileSync(pin, '1234\n', { mode: 0o600 })
      const built = new URL('../../dist/src/node/pkcs11/hardware-key.js', import.meta.url).href
      // One descriptor is left: enough to read the PIN, too few for a process.
      writeFileSync(
        path,
        `import { closeSync, openSync } from 'node:fs'
        import { openHardwareKey } from '${built}'
        const open = []
        try { for (;;) open.push(openSync('/dev/null', 'r')) } catch {}
        closeSync(open.pop())
        await openHardwareKey({}, '${pin}').catch(({ code }) => console.log(code))
        for (const fd of open) closeSync(fd)
        console.log('went on')`,
      )
      const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, path], {
        encoding: 'utf8',
      })
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'pkcs11-failed\nwent on\n' })
    } finally {
      folder.remove()
    }
  })
})
