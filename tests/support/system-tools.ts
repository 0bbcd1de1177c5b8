/**
 * Whether one of the system programs is known to be missing, so that the tests that need it are left out. The command that
 * ran the tests says so aloud at the end (scripts/test.mjs), and in CI nothing is left out.
 */
export function lacks(...programs: readonly string[]): boolean {
  if (process.env['CI'] === 'true') return false
  if (process.platform !== 'linux') return true
  const missing = (process.env['EVIDENCE_MISSING_TOOLS'] ?? '').split(',')
  return programs.some((program) => missing.includes(program))
}
