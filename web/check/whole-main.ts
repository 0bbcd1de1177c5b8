import '../ui/zod.ts'
import { extras } from './extras.ts'
import { startOneFile } from './one-file.ts'

startOneFile(() => Promise.resolve(extras))
