import subprocess
import sys


def test_importing_the_package_imports_numpy_and_the_standard_library_alone() -> None:
    code = "import sys, numpy, glassnet.data; print(*{name.split('.')[0] for name in sys.modules})"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert not loaded & {"PIL", "pooch", "platformdirs", "requests", "sklearn", "urllib3"}
    slow = {"tarfile", "http", "ssl", "asyncio"}
    assert not loaded & slow
