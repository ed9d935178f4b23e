import { library } from '../../scripts/toolchain/tsup.mjs';

export default library([
  'src/index.ts',
  'src/express.ts',
  'src/fastify.ts',
  'src/hono.ts',
  'src/race-suite.ts',
]);
