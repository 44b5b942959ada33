"""How arrays get to the kernels of a GPU and back: libraries, streams, devices, memory."""

import importlib
import sys

import emulated
import homes
import numpy as np
import pytest

import pyhwnas
from pyhwnas import _gpu, moo

F = np.random.default_rng(0).integers(0, 9, (300, 3)) / 8


@pytest.fixture
def kernels(monkeypatch):
    """The emulated ones."""
    homes.emulated(monkeypatch)
    return importlib.import_module("pyhwnas._cuda")


class TestEmulated:
    def test_the_module_names_its_devices(self, kernels):
        assert kernels.device_count() == 1
        assert kernels.status() == "CPU in CUDA's clothes"

    def test_arrays_of_two_devices_are_refused(self, kernels):
        message = r"^F and ranks must lie on one device, got GPU 0 and the CPU$"
        with pytest.raises(ValueError, match=message):
            _gpu.gpu_of(F=emulated.EmulatedArray(F), ranks=F)
        message = r"^F and ranks must lie on one device, got GPU 1 and GPU 0$"
        with pytest.raises(ValueError, match=message):
            _gpu.gpu_of(F=emulated.EmulatedArray(F, device=1), ranks=emulated.EmulatedArray(F))
        assert _gpu.gpu_of(F=F, ranks=[1, 2], weights=None) is None
        assert _gpu.gpu_of(F=emulated.EmulatedArray(F), ranks=None).stream.handle == 1

    def test_a_stream_of_another_device_is_refused(self, kernels):
        stream = _gpu.Stream(64, 0, None)
        message = r"^the current stream must belong to GPU 0, where the arrays lie, and it belongs "
        with pytest.raises(ValueError, match=message):
            kernels.dominance_counts(emulated.EmulatedArray(F), stream)
        with pytest.raises(ValueError, match=r"^stream 0 is ambiguous"):
            kernels.dominance_counts(emulated.EmulatedArray(F), _gpu.Stream(0, 0, None))

    @pytest.mark.parametrize("left", [0, 4_000, 8_000, 16_000, 24_000, 32_000, 40_000])
    def test_memory_that_is_not_there_is_an_error_and_none_is_lost(self, kernels, left):
        held = 2**26 - left  # of all that the emulated device has
        rest = moo.dominance_counts(emulated.EmulatedArray(np.zeros((held // 4, 0))))
        with pytest.raises(pyhwnas.CudaError, match=r"no room .* out of memory \(CUDA error 2\)$"):
            moo.nondominated_sort(emulated.EmulatedArray(F))
        assert kernels.memory_in_use() == held
        del rest
        result = moo.nondominated_sort(emulated.EmulatedArray(F))
        np.testing.assert_array_equal(result.values, moo.nondominated_sort(F))

    def test_results_give_their_memory_back(self, kernels):
        result = moo.dominance_counts(emulated.EmulatedArray(F))
        assert kernels.memory_in_use() == 4 * len(F)
        view = result.values[::2]
        del result
        assert kernels.memory_in_use() == 4 * len(F)
        del view
        assert kernels.memory_in_use() == 0
        with pytest.raises(ValueError, match="NaN"):
            moo.dominance_counts(emulated.EmulatedArray(F * np.nan))
        assert kernels.memory_in_use() == 0

    def test_a_stream_outlives_the_memory_that_goes_back_to_it(self, kernels):
        left = []

        class Owner:
            def __del__(self):
                left.append(kernels.memory_in_use())

        result = kernels.dominance_counts(emulated.EmulatedArray(F), _gpu.Stream(1, 0, Owner()))
        assert left == []
        del result
        assert left == [0]

    def test_results_speak_both_versions_of_dlpack(self, kernels):
        raw = kernels.dominance_counts(emulated.EmulatedArray(F), _gpu.Stream(1, 0, None))
        assert raw.__dlpack_device__() == (2, 0)
        assert '"dltensor"' in repr(raw.__dlpack__())
        assert '"dltensor_versioned"' in repr(raw.__dlpack__(stream=2, max_version=(1, 1)))
        with pytest.raises(BufferError, match="without a copy"):
            raw.__dlpack__(copy=True)
        with pytest.raises(BufferError, match="where it lies"):
            raw.__dlpack__(dl_device=(1, 0))
        with pytest.raises(ValueError, match="stream 0 is ambiguous"):
            raw.__dlpack__(stream=0)
        del raw
        assert kernels.memory_in_use() == 0

    def test_libraries_from_before_max_version_are_understood(self, kernels):
        class Old(emulated.EmulatedArray):
            def __dlpack__(self, *, stream=None):
                return super().__dlpack__(stream=stream)

        result = moo.dominance_counts(Old(F.copy()))
        np.testing.assert_array_equal(result.values, moo.dominance_counts(F))

    def test_errors_of_a_library_are_its_own(self, kernels):
        class Refusing(emulated.EmulatedArray):
            def __dlpack__(self, **options):
                raise BufferError("not this one")

        with pytest.raises(BufferError, match=r"^not this one$"):
            moo.dominance_counts(Refusing(F))


def test_without_kernels_an_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyhwnas._cuda", None)
    with pytest.raises(pyhwnas.CudaError, match=r"^F lies on GPU 0, .* no kernels for GPUs; "):
        moo.nondominated_sort(emulated.EmulatedArray(F))


@pytest.mark.gpu
class TestDevice:
    @pytest.mark.parametrize("library", [homes.torch, homes.cupy, homes.jax])
    def test_arrays_of_each_library_come_back_as_such(self, library):
        home = library()
        for function in (moo.nondominated_sort, moo.nondominated_mask, moo.dominance_counts):
            for values in (F, F.astype(np.float32), F[::2], np.asfortranarray(F)):
                result = home.numpy(function(home.array(values)))
                assert result.dtype == function(values).dtype
                np.testing.assert_array_equal(result, function(values))

    def test_work_is_queued_on_torchs_current_stream(self):
        home = homes.torch()
        torch = importlib.import_module("torch")
        values = torch.from_numpy(F).cuda()
        for _ in range(20):
            stream = torch.cuda.Stream()
            with torch.cuda.stream(stream):
                torch.cuda._sleep(
                    20_000_000
                )  # about ten milliseconds: what comes too early differs
                late = values + 1.0
                result = moo.dominance_counts(late)
                doubled = result * 2
            stream.synchronize()
            np.testing.assert_array_equal(home.numpy(doubled), 2 * moo.dominance_counts(F))

    def test_work_is_queued_on_cupys_current_stream(self):
        homes.skip_without_device()
        cupy = pytest.importorskip("cupy")
        values = cupy.asarray(F)
        cupy.cuda.Device().synchronize()
        for non_blocking in (True, False):
            with cupy.cuda.Stream(non_blocking=non_blocking):
                result = moo.dominance_counts(values + 1.0)
            # The stream belongs to nobody but the result now; the default one does not wait for it.
            cupy.cuda.Device().synchronize()
            np.testing.assert_array_equal(cupy.asnumpy(result), moo.dominance_counts(F))
            del result

    def test_arguments_may_be_let_go_of_at_once(self):
        home = homes.jax()
        values = np.random.default_rng(0).random((100_000, 3))
        expected, others = moo.dominance_counts(values), np.zeros_like(values)
        for _ in range(5):
            result = moo.dominance_counts(home.array(values))
            taking_its_place = home.array(others)
            np.testing.assert_array_equal(home.numpy(result), expected)
            del taking_its_place

    def test_arrays_of_the_second_device_stay_there(self):
        homes.skip_without_device()
        torch = pytest.importorskip("torch")
        if torch.cuda.device_count() < 2:
            pytest.skip("there is one device")
        result = moo.dominance_counts(torch.from_numpy(F).to("cuda:1"))
        assert result.device.index == 1
        assert torch.cuda.current_device() == 0
        np.testing.assert_array_equal(result.cpu().numpy(), moo.dominance_counts(F))
        with pytest.raises(ValueError, match="must lie on one device, got GPU 0 and GPU 1"):
            _gpu.gpu_of(F=torch.zeros(1, device="cuda:0"), G=torch.zeros(1, device="cuda:1"))

    def test_memory_that_is_not_there_is_an_error_and_none_is_lost(self):
        homes.skip_without_device()
        torch = pytest.importorskip("torch")
        kernels = importlib.import_module("pyhwnas._cuda")
        torch.cuda.synchronize()  # what has been given back is so then
        torch.cuda.empty_cache()
        before = kernels.memory_in_use()
        rows = torch.zeros((600_000_000, 2), dtype=torch.int8, device="cuda")
        rest = torch.empty(
            int(torch.cuda.mem_get_info()[0] * 0.95), dtype=torch.int8, device="cuda"
        )
        with pytest.raises(pyhwnas.CudaError, match="out of memory"):
            moo.dominance_counts(rows)
        del rest
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        assert kernels.memory_in_use() == before
        home = homes.torch()
        np.testing.assert_array_equal(
            home.numpy(moo.dominance_counts(home.array(F))), moo.dominance_counts(F)
        )
