// Runs before the first paint so that a chosen colour scheme does not flash.
{
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.kernTheme = theme;
}
// Without it what needs a script is not shown.
document.documentElement.classList.add('script');
