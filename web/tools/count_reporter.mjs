// Ends a test run with the plain line that the project's test command counts.
export default class {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    console.log(`${count('passed')} passed, ${count('failed') + broken} failed`);
  }
}
