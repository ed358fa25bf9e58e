import { runtimeConformance } from '../../testkit/src/conformance/runtime.ts'
import { startShop } from './ecs-fixture.ts'

runtimeConformance(
  'an ECS service',
  async () => {
    const shop = await startShop({ breaker: 'stop' })
    return {
      create: () => shop.runtime({ limitMs: 6_000 }),
      setCourse: async (course) => shop.setCourse(course),
      begun: async () => shop.web.begun.length,
      [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
    }
  },
  { courses: ['done', 'failed', 'endless'], remembers: false, receipts: true },
)
